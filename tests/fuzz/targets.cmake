# The build within the build: fuzz_NAME from fuzz_NAME.c and the common part.
add_library(rill_fuzz_common STATIC forged.c samples.c script.c script_messages.c)
target_link_libraries(rill_fuzz_common PUBLIC rill_test_ring PRIVATE rill_flags)
set(guarded -Wl,--wrap=mmap,--wrap=munmap,--wrap=nanosleep,--wrap=clock_nanosleep)

foreach(name ${targets})
  add_executable(fuzz_${name} fuzz_${name}.c guard.c)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer ${guarded})
  target_link_libraries(fuzz_${name} PRIVATE rill_fuzz_common rill_flags Threads::Threads)
  list(APPEND programs fuzz_${name})
endforeach()
target_link_options(fuzz_watch PRIVATE -Wl,--wrap=rilli_registry_connect)
add_custom_target(rill_fuzzers DEPENDS ${programs})

# Names and patterns; the parts of rilld.
if(NOT TARGET rill_registry)
  return()
endif()
target_link_libraries(fuzz_wire PRIVATE rill_registry)
foreach(name scan socket)
  target_sources(fuzz_${name} PRIVATE no_delay.c)
  target_link_libraries(fuzz_${name} PRIVATE rill_registry)
  target_link_options(fuzz_${name} PRIVATE
    -Wl,--wrap=urcu_memb_call_rcu,--wrap=urcu_memb_barrier)
endforeach()
set_source_files_properties(fuzz_scan.c fuzz_socket.c PROPERTIES COMPILE_OPTIONS -Wno-cast-qual)
target_link_options(fuzz_scan PRIVATE -Wl,--wrap=rill_clock)
target_link_options(fuzz_socket PRIVATE -Wl,--wrap=posix_fallocate)
