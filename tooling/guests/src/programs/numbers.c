/* Floats of every size: arithmetic, conversions, libm, and what printf and strtod make of them. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "whole.h"

static const double interesting[] = {
    0.0, -0.0, 1.0, -1.5, 0.1, 1e-310, 4.9e-324, 1.7976931348623157e308, 3.141592653589793,
    123456789.123456789, -2.5, 0.49999999999999994, 9007199254740993.0, 1e22, INFINITY, -INFINITY, NAN,
};
enum { count = sizeof interesting / sizeof interesting[0] };

static uint64_t bits(double value) {
  uint64_t raw;
  memcpy(&raw, &value, sizeof raw);
  /* which NaN an operation makes of two is the compiler's to choose: it may exchange operands */
  return isnan(value) ? 0x7ff8000000000000 : raw;
}

static void arithmetic(void) {
  uint64_t hash = 0xcbf29ce484222325;
  for (int i = 0; i < count; i++)
    for (int j = 0; j < count; j++) {
      volatile double a = interesting[i], b = interesting[j];
      volatile float c = (float)a, d = (float)b;
      double results[] = {a + b, a - b, a * b, a / b, fmod(a, b), fma(a, b, 1.0), c * d, c / d, sqrt(fabs(a)) + c};
      for (unsigned k = 0; k < sizeof results / sizeof results[0]; k++) hash = (hash ^ bits(results[k])) * 0x100000001b3;
      printf("%d%d%d", a < b, a == b, isunordered(a, b) != 0);
    }
  printf("\narithmetic %016llx\n", (unsigned long long)hash);
}

static void functions(void) {
  for (int i = -20; i <= 20; i++) {
    double x = i * 0.37;
    printf("%.17g %.17g %.17g %.17g %a\n", sin(x), exp(x), log(x * x + 1), pow(x * x + 0.5, 1.7), cbrt(x));
    printf("%.9g %.9g %.9g\n", sinf((float)x), expf((float)x), atan2f((float)x, 2.0f));
  }
}

static void text(void) {
  for (int i = 0; i < count; i++)
    printf("%.17g %a %e %.3f %g %.25Lg\n", interesting[i], interesting[i], interesting[i],
           fabs(interesting[i]) < 1e30 ? interesting[i] : 0.0, (double)(float)interesting[i], (long double)interesting[i] / 3);
  const char *written[] = {"1e-400", "0x1.fffffffffffffp1023", "2.2250738585072011e-308", "123456789012345678901234567890"};
  for (int i = 0; i < 4; i++) printf("%a %a %La\n", strtod(written[i], 0), strtof(written[i], 0), strtold(written[i], 0));
}

static void integers(void) {
  volatile uint64_t large[] = {0, 1, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffff7ff, 0xffffffffffffffff};
  for (int i = 0; i < 6; i++)
    printf("%a %a %a %a %La\n", (double)large[i], (float)large[i], (double)(int64_t)large[i], (float)(int32_t)large[i],
           (long double)large[i]);
  volatile double from[] = {0.5, 1.5, 2.5, -0.5, 1e9, -1e9, 4294967295.5};
  for (int i = 0; i < 7; i++)
    printf("%lld %ld %.1f %.1f %.1f %.1f\n", (long long)from[i], lrint(from[i]), floor(from[i]), ceil(from[i]), trunc(from[i]),
           nearbyint(from[i]));
}

void numbers(void) {
  arithmetic();
  functions();
  text();
  integers();
}
