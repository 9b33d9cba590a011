#include "whole.h"

int main(void) {
  numbers();
  vectors();
  exceptions();
  control();
  return 0;
}
