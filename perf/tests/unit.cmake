# cmake -DPROGRAM=... -P unit.cmake: the unit of a subject has its turns although the filter
# leaves it out. A sleeper's round trip is hundreds of times the raw line's, and about one
# time the futex's; so a limit of 20 shows which unit it was divided by.
cmake_minimum_required(VERSION 3.22)

execute_process(COMMAND ${PROGRAM} --rounds=20 --benchmark_format=json --benchmark_filter=/rill/8/
  OUTPUT_VARIABLE json ERROR_VARIABLE diagnostics RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "exit status ${status}\n${diagnostics}${json}")
endif()
string(JSON rounds GET "${json}" context rounds)
string(JSON count LENGTH "${json}" benchmarks)
if(NOT count EQUAL 2)
  message(FATAL_ERROR "${count} benchmarks where the filter lets 2 through")
endif()
foreach(i 0 1)
  string(JSON ratio ERROR_VARIABLE none GET "${json}" benchmarks ${i} ratio)
  if(NOT none AND ratio GREATER 20)
    message(FATAL_ERROR "a ratio of ${ratio}: not to the unit")
  elseif(NOT none)
    set(measured TRUE)
  endif()
endforeach()
if(NOT measured AND NOT rounds MATCHES "^0,")
  message(FATAL_ERROR "no figure: ${json}")
endif()
