/* Rounding modes, exception flags, and exceptions that are signals: what is in the registers then is in a signal frame, and comes back. */
#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include "whole.h"

static sigjmp_buf back;
static volatile sig_atomic_t seen;

static void onSignal(int number, siginfo_t *information, void *context) {
  (void)context;
  seen = number * 100 + information->si_code;
  siglongjmp(back, 1);
}

static volatile double zero = 0, one = 1, three = 3, huge = 1e308, half = -2.5, tiny = 1e-308, none;
static volatile int *volatile nowhere = (volatile int *)8;
static volatile float small = 1e-38f, big = 3e38f;

static void rounding(void) {
  const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
  for (int i = 0; i < 4; i++) {
    fesetround(modes[i]);
    volatile double third = one / three, product = third * huge, rest = fma(third, three, -1.0);
    volatile float narrow = (float)third * 0.1f;
    volatile long double wide = (long double)third / three;
    printf("%a %a %a %a %La %ld %.3f\n", third, product, rest, narrow, wide, lrint(half), third);
  }
  fesetround(FE_TONEAREST);
}

static void flags(void) {
  volatile double result;
  volatile float single;
#define TOLD(what, act) \
  feclearexcept(FE_ALL_EXCEPT); act; printf("%s %x\n", what, fetestexcept(FE_ALL_EXCEPT))
  TOLD("inexact", result = one / three);
  TOLD("by zero", result = one / zero);
  TOLD("invalid", result = zero / zero);
  TOLD("overflow", result = huge * huge);
  TOLD("underflow", result = tiny * tiny);
  TOLD("single underflow", single = small * small);
  TOLD("single overflow", single = big * big);
  TOLD("exact", result = one + three);
  TOLD("to integer", result = (double)(long long)(huge));
  (void)result;
  (void)single;
}

static void signals(void) {
  struct sigaction action = {.sa_sigaction = onSignal, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  const int each[] = {FE_DIVBYZERO, FE_INVALID, FE_OVERFLOW, FE_UNDERFLOW, FE_INEXACT};
  for (int i = 0; i < 5; i++) {
    volatile double kept = i + 0.5;
    seen = 0;
    feclearexcept(FE_ALL_EXCEPT);
    if (sigsetjmp(back, 1) == 0) {
      feenableexcept(each[i]);
      none = i == 0 ? one / zero : i == 1 ? zero / zero : i == 2 ? huge * huge : i == 3 ? tiny * tiny : one / three;
    }
    fedisableexcept(FE_ALL_EXCEPT);
    printf("signal %d, kept %g\n", (int)seen, kept);
  }
  seen = 0;
  if (sigsetjmp(back, 1) == 0) *nowhere = 1;
  printf("signal %d\n", (int)seen);
  signal(SIGFPE, SIG_DFL);
  signal(SIGSEGV, SIG_DFL);
}

void exceptions(void) {
  rounding();
  flags();
  signals();
}
