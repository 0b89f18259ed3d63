# cmake -DSOURCE=<repository> -DOUT=<file> -P Version.cmake: the commit that is built, as a header. Run at every
# build; the file changes only when the commit does.
cmake_policy(VERSION 3.25)
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --exclude=* OUTPUT_VARIABLE commit
  ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT commit)
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "inline constexpr char kCommit[] = \"@commit@\";\n" @ONLY)
