# gorotrace_test(NAME <name> LABEL unit|bpf|e2e|vm|bench SOURCES ... DEPS ... [TIMEOUT seconds] [SERIAL])
# A GoogleTest executable registered case by case in ctest under its label. SERIAL: no two of its cases at a time.
include(GoogleTest)

function(gorotrace_test)
  cmake_parse_arguments(ARG "SERIAL" "NAME;LABEL;TIMEOUT;SLOW" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  gorotrace_options(${ARG_NAME})
  # What is tested is optimised, the tests need not be: a quarter less of their time to compile.
  target_compile_options(${ARG_NAME} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0>)
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  # Listing the cases is quick, but not always within CTest's 5 s on a machine that does much else.
  set(discovery DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60)
  if(ARG_SERIAL)
    set(lock RESOURCE_LOCK ${ARG_NAME})
  endif()
  # Tests that match SLOW run with tools/test --full only, under the label `slow`.
  if(ARG_SLOW)
    gtest_discover_tests(${ARG_NAME} ${discovery} TEST_FILTER "${ARG_SLOW}" TEST_LIST ${ARG_NAME}_SLOW
      PROPERTIES LABELS slow TIMEOUT ${ARG_TIMEOUT} ${lock} TEST_PREFIX "slow/")
    set(others TEST_FILTER "-${ARG_SLOW}")
  endif()
  gtest_discover_tests(${ARG_NAME} ${discovery} ${others}
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} ${lock}
    TEST_PREFIX "${ARG_LABEL}/")
endfunction()
