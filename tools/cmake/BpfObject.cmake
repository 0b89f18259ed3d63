# bpf_object(NAME <skeleton> SOURCES a.bpf.c b.bpf.c ...)
# Compiles each source with clang, links them into one BPF object (bpftool gen object), and generates the skeleton
# <binary dir>/<skeleton>.skel.h. Target <skeleton>_skel carries the include path. Prints the instructions of each
# function: growth shows where it is made (what the verifier makes of them is held by a test).

find_program(BPF_CLANG NAMES clang-19 clang REQUIRED)
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin REQUIRED)
find_program(READELF NAMES readelf REQUIRED)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(BPF_TARGET_ARCH arm64)
else()
  set(BPF_TARGET_ARCH x86)
endif()

# As CMake does for the languages it knows.
if(CMAKE_COMPILE_WARNING_AS_ERROR)
  set(BPF_WARNINGS -Werror)
endif()

function(bpf_object)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES" ${ARGN})
  set(objects)
  foreach(source ${ARG_SOURCES})
    get_filename_component(stem ${source} NAME_WE)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${stem}.bpf.o)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${BPF_CLANG} -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_${BPF_TARGET_ARCH}
              -Wall -Wextra ${BPF_WARNINGS} -Wno-unused-parameter -Wno-missing-declarations
              -I${CMAKE_SOURCE_DIR} -I${CMAKE_SOURCE_DIR}/bpf -I${CMAKE_SOURCE_DIR}/vmlinux
              -MD -MF ${object}.d -MT ${object} -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      COMMAND ${READELF} -sW ${object} |
              awk "$4 == \"FUNC\" {printf \"  %-20s %5d instructions\\n\", $8, $3 / 8}"
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source}
      DEPFILE ${object}.d
      COMMENT "BPF ${source}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(linked ${CMAKE_CURRENT_BINARY_DIR}/${ARG_NAME}.bpf.o.linked)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${ARG_NAME}.skel.h)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${BPFTOOL} gen object ${linked} ${objects}
    COMMAND ${BPFTOOL} gen skeleton ${linked} name ${ARG_NAME} > ${skeleton}
    DEPENDS ${objects}
    COMMENT "BPF skeleton ${ARG_NAME}" VERBATIM)
  add_custom_target(${ARG_NAME}_skel_gen DEPENDS ${skeleton})
  add_library(${ARG_NAME}_skel INTERFACE)
  target_include_directories(${ARG_NAME}_skel SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR})
  add_dependencies(${ARG_NAME}_skel ${ARG_NAME}_skel_gen)
endfunction()
