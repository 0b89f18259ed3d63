// Loads Go libraries by dlopen: calls Start of those behind the first two arguments, then RunProgram of the
// first with the second. Without a first one ("") it waits for the end of its input.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void* load(const char* path, const char* function) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void* found = library ? dlsym(library, function) : 0;
  if (!found) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return found;
}

static void run(int count, char** arguments) {
  for (int i = 2; i < count; i++) ((void (*)(void))load(arguments[i], "Start"))();
  if (*arguments[0])
    ((void (*)(const char*))load(arguments[0], "RunProgram"))(arguments[1]);
  else
    while (getchar() != EOF) {
    }
}
