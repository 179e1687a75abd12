// Proves: alarms ring in their cycles and in order, ahead of the kernel as far as it has nothing to do, and never past what it
// has; what a core would notice waits for the kernel.
#include "sim/chip/agenda.hpp"

#include <gtest/gtest.h>

#include <string>

#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// Alarms that write down when they ring, and an event of the kernel that does so, too.
class Diary : public sc_core::sc_module {
 public:
  Diary(sc_core::sc_module_name name, Pace pace) : sc_module{name}, agenda{"agenda", guard, pace} {
    SC_HAS_PROCESS(Diary);
    SC_METHOD(kernel_acts);
    sensitive << kernel_event;
    dont_initialize();
  }

  void write(char who) {
    text += who + std::to_string(kernel_now()) + (agenda.ahead() ? "+ " : " ");
  }

  KernelGuard guard;
  Agenda agenda;
  sc_core::sc_event kernel_event;
  std::string text;

 private:
  void kernel_acts() { write('k'); }
};

/// Alarm a rings every 3 cycles until cycle 12, b in cycle 7, in which the kernel acts, too.
std::string busy_days(Pace pace) {
  Diary diary{"diary", pace};
  Alarm* again = nullptr;
  Alarm a{diary.agenda, [&] {
            diary.write('a');
            if (kernel_now() < 12) again->by(kernel_now() + 3);
          }};
  again = &a;
  Alarm b{diary.agenda, [&] { diary.write('b'); }};
  a.by(3);
  b.by(7);
  diary.kernel_event.notify(kernel_time(7));
  sc_core::sc_start();
  return diary.text;
}

TEST(Agenda, RunsAheadUpToWhatTheKernelDoes) { EXPECT_EQ(busy_days(Pace::fast_forward), "a3 a6+ k7 b7 a9+ a12+ "); }

TEST(Agenda, KeepsInStepIfAsked) { EXPECT_EQ(busy_days(Pace::every_step), "a3 a6 k7 b7 a9 a12 "); }

TEST(Agenda, AlarmsOfOneCycleRingInTheOrderInWhichTheyWereMade) {
  Diary diary{"diary", Pace::fast_forward};
  Alarm a{diary.agenda, [&] { diary.write('a'); }}, b{diary.agenda, [&] { diary.write('b'); }};
  b.by(5);
  a.by(9);
  a.by(5);
  a.by(8);
  sc_core::sc_start();
  EXPECT_EQ(diary.text, "a5 b5 ") << "an alarm keeps the earliest of its cycles";
}

TEST(Agenda, WhatACoreNoticesWaitsForTheKernel) {
  Diary diary{"diary", Pace::fast_forward};
  Alarm visible{diary.agenda, [&] { diary.write('v'); }};
  Alarm start{diary.agenda, [&] { diary.write('s'); }}, hidden{diary.agenda, [&] {
                                                          diary.write('h');
                                                          visible.at_kernel_time(kernel_now());
                                                        }};
  start.by(1);
  hidden.by(4);
  sc_core::sc_start();
  EXPECT_EQ(diary.text, "s1 h4+ v4 ");
}

}  // namespace
}  // namespace nibble
