// What is undefined ends the run, as what is out of bounds does: libFuzzer keeps the input then.
extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options() {
  return "halt_on_error=1:print_stacktrace=1";
}
