#include "sim/app/error_transfer.hpp"

#include <new>

#include "models/base/error.hpp"

namespace nibble {
namespace {

Json problem_to_json(const Problem& problem) {
  return {{"id", problem.id},         {"file", problem.file}, {"line", problem.line},
          {"column", problem.column}, {"what", problem.what}, {"hint", problem.hint}};
}

Problem problem_from_json(const Json& json) {
  return {json.at("id"),     json.at("file"), json.at("line"),
          json.at("column"), json.at("what"), json.at("hint")};
}

}  // namespace

Json error_to_json(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const InputError& input) {
    Json problems = Json::array();
    for (const Problem& problem : input.problems()) problems.push_back(problem_to_json(problem));
    return {{"kind", "input"}, {"problems", problems}};
  } catch (const LawError& law) {
    return {{"kind", "law"}, {"text", law.what()}};
  } catch (const std::bad_alloc&) {
    return {{"kind", "memory"}};
  } catch (const std::exception& other) {
    return {{"kind", "internal"}, {"text", other.what()}};
  }
}

std::exception_ptr error_from_json(const Json& json) {
  const std::string kind = json.at("kind");
  if (kind == "memory") return std::make_exception_ptr(std::bad_alloc{});
  if (kind == "law") return std::make_exception_ptr(LawError{json.at("text").get<std::string>()});
  if (kind == "internal") return std::make_exception_ptr(InternalError{json.at("text").get<std::string>()});
  std::vector<Problem> problems;
  for (const Json& problem : json.at("problems")) problems.push_back(problem_from_json(problem));
  return std::make_exception_ptr(InputError{std::move(problems)});
}

}  // namespace nibble
