package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/spf13/cobra"
)

const longestLine = 16 << 20

// measured is what one round took.
type measured struct {
	Decisions        int     `json:"decisions"`
	Seconds          float64 `json:"seconds"`
	ProcessorSeconds float64 `json:"processor_seconds"`
}

func embedded() *cobra.Command {
	var bundle, inputs, query string
	var seconds time.Duration
	var rounds int
	var parsed bool
	command := &cobra.Command{
		Use:   "embedded",
		Short: "Measure a prepared query in this process, on one core",
		Args:  cobra.NoArgs,

		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			runtime.GOMAXPROCS(1)
			prepared, err := prepare(command.Context(), bundle, query)
			if err != nil {
				return err
			}
			lines, err := read(inputs)
			if err != nil {
				return err
			}
			ask := asking(command.Context(), prepared, lines, parsed)
			for range rounds {
				round, err := measure(ask, seconds)
				if err != nil {
					return err
				}
				if err := json.NewEncoder(os.Stdout).Encode(round); err != nil {
					return err
				}
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&bundle, "bundle", "", "bundle to ask")
	flags.StringVar(&inputs, "inputs", "", "file with one input a line, as JSON")
	flags.StringVar(&query, "query", "data.readygate.decision", "what is asked")
	flags.DurationVar(&seconds, "for", time.Second, "how long a round takes")
	flags.IntVar(&rounds, "rounds", 5, "how many rounds there are")
	flags.BoolVar(&parsed, "parsed", false, "read the inputs once, before anything is measured")
	return command
}

// prepare compiles the query once; values of the store are kept in the form in which they are evaluated.
func prepare(ctx context.Context, bundle, query string) (rego.PreparedEvalQuery, error) {
	return rego.New(rego.Query(query), rego.LoadBundle(bundle), rego.StoreReadAST(true)).PrepareForEval(ctx)
}

func read(path string) ([][]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines [][]byte
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, longestLine)
	for scanner.Scan() {
		lines = append(lines, bytes.Clone(scanner.Bytes()))
	}
	if len(lines) == 0 && scanner.Err() == nil {
		return nil, errors.New("no inputs")
	}
	return lines, scanner.Err()
}

// asking returns a function that asks about the next input, and starts over after the last. The answer is made into
// plain data, as an application would have it.
func asking(ctx context.Context, prepared rego.PreparedEvalQuery, lines [][]byte, parsed bool) func() error {
	values := make([]ast.Value, len(lines))
	next := 0
	return func() error {
		at := next % len(lines)
		next++
		value := values[at]
		if value == nil {
			var err error
			if value, err = ast.ValueFromReader(bytes.NewReader(lines[at])); err != nil {
				return err
			}
			if parsed {
				values[at] = value
			}
		}
		results, err := prepared.Eval(ctx, rego.EvalParsedInput(value))
		if err != nil {
			return err
		}
		if len(results) != 1 {
			return fmt.Errorf("%d results for input %d", len(results), at)
		}
		return nil
	}
}

func measure(ask func() error, length time.Duration) (measured, error) {
	before, start, decisions := processorTime(), time.Now(), 0
	for time.Since(start) < length {
		if err := ask(); err != nil {
			return measured{}, err
		}
		decisions++
	}
	return measured{decisions, time.Since(start).Seconds(), (processorTime() - before).Seconds()}, nil
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
