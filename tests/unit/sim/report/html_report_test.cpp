// Proves: the page holds the tables' figures, needs nothing beside it, and shows names as text.
#include "sim/report/html_report.hpp"

#include <gmock/gmock.h>

#include "filled_result.hpp"
#include "sim/report/summary_tables.hpp"

namespace nibble {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(HtmlReport, HoldsTheTablesFiguresAndABarForEachChart) {
  const Json run = run_document(filled_result());
  const std::string page = html_text(run);
  for (const TableColumn& column : overview_columns({run})) {
    for (const std::string& cell : column.cells)
      EXPECT_THAT(page, HasSubstr(">" + cell + "</td>")) << column.heading;
  }
  EXPECT_EQ(count(page, "class=bar>"), 3U);
  EXPECT_EQ(count(page, "<div"), count(page, "</div>"));
  EXPECT_EQ(count(page, "<table"), count(page, "</table>"));
}

TEST(HtmlReport, ALegendNamesOnlyWhatAnyRunHas) {
  Json run = run_document(filled_result());
  run["array_cycles"] = {{"compute", 3}, {"fill_drain", 1}, {"ring", 0}, {"total", 4}};
  const std::string page = html_text(run);
  EXPECT_THAT(page, HasSubstr("</i>fill drain</span>"));
  EXPECT_THAT(page, Not(HasSubstr("</i>ring</span><"))) << "no cycle waited for it";
}

TEST(HtmlReport, NeedsNothingBesideIt) {
  const std::string page = html_text(run_document(filled_result()));
  for (const char* what : {"<script", "<link", "<img", "http:", "https:", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(what)));
  }
}

TEST(HtmlReport, NamesAreText) {
  Json run = run_document(filled_result());
  run["recipe"] = "<b>&\"";
  const std::string page = html_text(run);
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;&amp;&quot;"));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
}

}  // namespace
}  // namespace nibble
