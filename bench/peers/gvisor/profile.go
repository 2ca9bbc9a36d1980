package main

import (
	"os"
	"runtime/pprof"
)

// startProfile writes a CPU profile to path, if there is one, until the function that it returns is called.
func startProfile(path string) func() {
	if path == "" {
		return func() {}
	}
	file, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fail("%v", err)
	}
	return func() {
		pprof.StopCPUProfile()
		file.Close()
	}
}
