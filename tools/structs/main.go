// Command structs prints where a Go binary's DWARF has the fields that a header of userspace/golang names, one a
// line, in the header's order: member, struct, path, offset ("-": not in this binary).
package main

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: structs HEADER BINARY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "structs:", err)
		os.Exit(1)
	}
}

func run(header, binary string) error {
	text, err := os.ReadFile(header)
	if err != nil {
		return err
	}
	fields := regexp.MustCompile(`X\((\w+), "([\w.]+)", "([\w.]+)"\)`).FindAllStringSubmatch(string(text), -1)
	if len(fields) == 0 {
		return errors.New("no fields in " + header)
	}
	structs, err := runtimeStructs(binary)
	if err != nil {
		return fmt.Errorf("%s: %v", binary, err)
	}
	for _, f := range fields {
		offset := "-"
		if s := structs[f[2]]; s != nil {
			if n, ok := offsetOf(s, strings.Split(f[3], ".")); ok {
				offset = strconv.FormatInt(n, 10)
			}
		}
		fmt.Println(f[1], f[2], f[3], offset)
	}
	return nil
}

func runtimeStructs(binary string) (map[string]*dwarf.StructType, error) {
	file, err := elf.Open(binary)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := file.DWARF()
	if err != nil {
		return nil, err
	}
	structs := map[string]*dwarf.StructType{}
	for r := data.Reader(); ; {
		entry, err := r.Next()
		if err != nil {
			return nil, err
		}
		if entry == nil {
			break
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		if entry.Tag != dwarf.TagStructType || !strings.HasPrefix(name, "runtime.") {
			continue
		}
		t, err := data.Type(entry.Offset)
		if err != nil {
			return nil, err
		}
		if s, ok := t.(*dwarf.StructType); ok {
			structs[name] = s
		}
	}
	if structs["runtime.g"] == nil {
		return nil, errors.New("its debug information has no runtime.g")
	}
	return structs, nil
}

func offsetOf(s *dwarf.StructType, path []string) (int64, bool) {
	for _, f := range s.Field {
		if f.Name != path[0] {
			continue
		}
		if len(path) == 1 {
			return f.ByteOffset, true
		}
		t := f.Type
		for {
			typedef, ok := t.(*dwarf.TypedefType)
			if !ok {
				break
			}
			t = typedef.Type
		}
		inner, ok := t.(*dwarf.StructType)
		if !ok {
			return 0, false
		}
		n, ok := offsetOf(inner, path[1:])
		return f.ByteOffset + n, ok
	}
	return 0, false
}
