# The libraries that gorotrace is made of, as far as there are archives of them: the binary must run on a machine
# that has none of them, or older ones.

# static_module(<prefix> <pkg-config module>[>=version]): PkgConfig::<prefix> is the module's archive and those that
# pkg-config says it needs in turn. What has no archive of its own is the C library's.
function(static_module prefix module)
  pkg_check_modules(${prefix} REQUIRED ${module})
  set(archives)
  foreach(name ${${prefix}_STATIC_LIBRARIES})
    find_library(${prefix}_${name}_ARCHIVE NAMES lib${name}.a HINTS ${${prefix}_STATIC_LIBRARY_DIRS})
    mark_as_advanced(${prefix}_${name}_ARCHIVE)
    if(${prefix}_${name}_ARCHIVE)
      list(APPEND archives ${${prefix}_${name}_ARCHIVE})
    endif()
  endforeach()
  if(NOT archives)
    message(FATAL_ERROR "${module}: none of ${${prefix}_STATIC_LIBRARIES} has an archive (lib*.a)")
  endif()
  add_library(PkgConfig::${prefix} INTERFACE IMPORTED)
  target_include_directories(PkgConfig::${prefix} INTERFACE ${${prefix}_INCLUDE_DIRS})
  target_link_libraries(PkgConfig::${prefix} INTERFACE ${archives} Threads::Threads)
endfunction()

static_module(LIBBPF libbpf>=1.3)
static_module(LIBELF libelf)
static_module(LIBDW libdw)
static_module(CAPSTONE capstone)
static_module(ZLIB zlib)
static_module(ZSTD libzstd)
static_module(NCURSES ncursesw)

add_library(elfutils_search STATIC ${CMAKE_CURRENT_LIST_DIR}/compiled/elfutils_search.cpp)
foreach(module LIBELF LIBDW LIBBPF)
  target_link_libraries(PkgConfig::${module} INTERFACE elfutils_search)
  # The linker takes it in wherever CMake puts it among the archives.
  target_link_options(PkgConfig::${module} INTERFACE LINKER:--undefined=eu_search_tree_init)
endforeach()

# Of these Debian has shared objects and headers: compiled once here, not in every file that includes them.
find_path(FMT_INCLUDE_DIR fmt/format-inl.h REQUIRED)
find_path(SPDLOG_INCLUDE_DIR spdlog/spdlog-inl.h REQUIRED)

add_library(fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/compiled/fmt.cpp)
add_library(fmt::fmt ALIAS fmt)
target_include_directories(fmt SYSTEM PUBLIC ${FMT_INCLUDE_DIR})

add_library(spdlog STATIC ${CMAKE_CURRENT_LIST_DIR}/compiled/spdlog.cpp)
add_library(spdlog::spdlog ALIAS spdlog)
target_include_directories(spdlog SYSTEM PUBLIC ${SPDLOG_INCLUDE_DIR})
target_compile_definitions(spdlog PUBLIC SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
target_link_libraries(spdlog PUBLIC fmt::fmt Threads::Threads)

# Of this one the headers alone: userspace/http loads it when a server is started.
pkg_check_modules(MICROHTTPD REQUIRED libmicrohttpd>=0.9.75)
