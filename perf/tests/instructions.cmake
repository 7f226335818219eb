# cmake -DPROGRAM=... -DVALGRIND=... -DWHAT=... -DSIZE=... -DGROUPS=... -DLIMIT=... -P
# instructions.cmake: one line of instructions.limits.
#
# Callgrind counts exactly what rill_publish, or rill_receive and rill_release, execute from entry
# to return, and gets the same number in every run: the library and its memcpy. It does not count
# what belongs to the caller: arguments, the call, the stub of the dynamic linker (some eight
# instructions a call). A publish contains its share of the gate, which
# comes once in capacity/32 bytes.
# Two things differ under valgrind: libc chooses its memcpy by the CPU that valgrind pretends
# (here with AVX2, never with AVX-512), and futex_waitv is missing; no process waits here.
cmake_minimum_required(VERSION 3.22)
set(units 20000) # that the program executes

# Hundredths of an instruction a unit.
function(count mode size groups ret)
  if(mode STREQUAL "publish")
    set(functions --toggle-collect=rill_publish)
  else()
    set(functions --toggle-collect=rill_receive --toggle-collect=rill_release)
  endif()
  execute_process(COMMAND ${VALGRIND} --tool=callgrind --callgrind-out-file=/dev/null
    ${functions} ${PROGRAM} ${mode} ${size} ${groups}
    OUTPUT_VARIABLE out ERROR_VARIABLE diagnostics RESULT_VARIABLE status)
  if(status EQUAL 77)
    message(FATAL_ERROR "skipped: ${out}") # SKIP_REGULAR_EXPRESSION of the test
  endif()
  if(NOT status EQUAL 0 OR NOT diagnostics MATCHES "Collected : ([0-9]+)")
    message(FATAL_ERROR "exit status ${status}\n${out}${diagnostics}")
  endif()
  math(EXPR hundredths "${CMAKE_MATCH_1} * 100 / ${units}")
  if(hundredths LESS 500)
    message(FATAL_ERROR "${hundredths}/100 instructions a ${mode}: nothing was counted")
  endif()
  set(${ret} ${hundredths} PARENT_SCOPE)
endfunction()

function(say words hundredths unit)
  math(EXPR whole "${hundredths} / 100")
  math(EXPR rest "${hundredths} % 100 + 100")
  string(SUBSTRING ${rest} 1 2 rest)
  message(STATUS "${words}: ${whole}.${rest} ${unit}; limit ${LIMIT}")
endfunction()

math(EXPR limit "${LIMIT} * 100")
if(WHAT STREQUAL "flat")
  count(publish ${SIZE} 1 one)
  count(publish ${SIZE} ${GROUPS} many)
  math(EXPR is "(${many} - ${one}) * 10000 / ${one}")
  if(is LESS 0)
    set(is 0)
  endif()
  say("publish of ${SIZE} bytes with ${GROUPS} groups, against one" ${is} "% more (${many}/100 against ${one}/100)")
else()
  count(${WHAT} ${SIZE} ${GROUPS} is)
  say("${WHAT} of ${SIZE} bytes" ${is} "instructions")
endif()
if(is GREATER limit)
  message(FATAL_ERROR "over the limit of instructions.limits; what costs them:\n"
    "valgrind --tool=callgrind --toggle-collect=rill_publish ${PROGRAM} publish SIZE GROUPS")
endif()
