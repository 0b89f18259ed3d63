# gorotrace_library(NAME <folder> [COLD] SOURCES a.cpp ... DEPS <target> ...)
# One static library per folder of userspace/, all with the same warnings; target gorotrace_<folder>.
# gorotrace_cold(<target>): optimised less, as COLD does: what it does once for a command or a report is not felt,
# and its compiler takes 25 to 30 % less time.
# gorotrace_options(<target>): the same compile options for executables and tests.

set(GOROTRACE_SANITIZE "" CACHE STRING "value of -fsanitize=, empty for none")
option(GOROTRACE_COVERAGE "gcov instrumentation" OFF)

function(gorotrace_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  # Of a class in an unnamed namespace of a file that is included, as those of a folder are when they are compiled
  # together, g++ takes it that several objects have it.
  if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/userspace ${CMAKE_SOURCE_DIR})
  if(GOROTRACE_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${GOROTRACE_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${GOROTRACE_SANITIZE})
  endif()
  if(GOROTRACE_COVERAGE)
    target_compile_options(${target} PUBLIC --coverage)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()

function(gorotrace_cold target)
  target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O1>)
endfunction()

function(gorotrace_library)
  cmake_parse_arguments(ARG "COLD" "NAME" "SOURCES;DEPS" ${ARGN})
  add_library(gorotrace_${ARG_NAME} STATIC ${ARG_SOURCES})
  gorotrace_options(gorotrace_${ARG_NAME})
  if(ARG_COLD)
    gorotrace_cold(gorotrace_${ARG_NAME})
  endif()
  target_link_libraries(gorotrace_${ARG_NAME} PUBLIC ${ARG_DEPS})
endfunction()
