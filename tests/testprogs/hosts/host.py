"""A Python program that is host to Go libraries, as load.h has it."""
import ctypes
import sys

library, arguments, *others = sys.argv[1:]
for other in others:
    ctypes.CDLL(other).Start()
if library:
    ctypes.CDLL(library).RunProgram(arguments.encode())
else:
    sys.stdin.read()
