// Command goopa is Open Policy Agent as its module builds it, with one more command: "embedded" asks a bundle from
// within the process, for as long as it is told, and prints how many decisions there were and what they took.
package main

import (
	"errors"
	"os"

	"github.com/open-policy-agent/opa/cmd"
)

func main() {
	cmd.RootCommand.AddCommand(embedded())
	if err := cmd.RootCommand.Execute(); err != nil {
		exit := 1
		if told, ok := errors.AsType[*cmd.ExitError](err); ok {
			exit = told.Exit
		}
		os.Exit(exit)
	}
}
