/* SPDX-License-Identifier: MIT */
/* unit.h - cmocka with the headers that it needs, and the shared support. */
#ifndef RILL_TESTS_UNIT_H
#define RILL_TESTS_UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support.h"

/* cmocka's assert_int_equal prints unsigned numbers: codes are negative. */
#define assert_code(is, expected)                                                                  \
  do {                                                                                             \
    const int64_t code_is = (int64_t)(is), code_expected = (int64_t)(expected);                    \
    if (code_is != code_expected)                                                                  \
      fail_msg("%s is %lld, not %lld (%s); rill_error: \"%s\"", #is, (long long)code_is,           \
               (long long)code_expected, #expected, rill_error());                                 \
  } while (0)

#endif
