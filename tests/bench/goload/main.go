// Command goload calls a server and says how long every call took. It reads one load as JSON from its standard input
// and writes the line "begin" when calls begin to count, "end" when they end to, then a line of JSON, then for every
// call that counts two little-endian numbers of 32 bits: when (microseconds since the beginning) and how long
// (microseconds). When is the time of the reply in a closed loop and the time that the call was due in an open one.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sync"
	"syscall"
	"time"
)

// Load is what to send, where, and how.
type Load struct {
	Address     string  `json:"address"`
	Protocol    string  `json:"protocol"` // grpc, stream or http
	Method      string  `json:"method"`   // of gRPC, or the path
	Requests    string  `json:"requests"` // file: each message after its length, four bytes, little-endian
	Mark        string  `json:"mark"`     // replaced in each request by its serial number, as many hexadecimal digits
	First       uint64  `json:"first"`    // serial number of the first request
	Outstanding int     `json:"outstanding"`
	Rate        float64 `json:"rate"` // calls per second in an open loop; 0 for a closed loop
	Connections int     `json:"connections"`
	Streams     int     `json:"streams"`
	Items       int     `json:"items"`    // of each request of a stream
	Before      string  `json:"before"`   // what stands before the number in the id of the first item of a stream's request
	Greeting    []byte  `json:"greeting"` // sent first on each stream
	WarmUp      float64 `json:"warm_up"`
	Seconds     float64 `json:"seconds"`
	Replies     string  `json:"replies"` // file for the replies to every request, each sent once; no load then
}

// Summary is what a load says beside the times.
type Summary struct {
	Count     int     `json:"count"`
	Seconds   float64 `json:"seconds"`
	Busy      float64 `json:"busy"`     // cores that this process used while calls counted
	Lateness  float64 `json:"lateness"` // seconds: the most that a call of an open loop was sent after it was due
	Least     int     `json:"least"`    // bytes of the smallest reply
	Greatest  int     `json:"greatest"`
	Errors    int     `json:"errors"`
	FirstFail string  `json:"first_error"`
}

func main() {
	log.SetFlags(0)
	var load Load
	if err := json.NewDecoder(os.Stdin).Decode(&load); err != nil {
		log.Fatal(err)
	}
	requests, err := readRequests(load)
	if err != nil {
		log.Fatal(err)
	}
	open := map[string]func(Load) ([]Caller, func(), error){"grpc": dialUnary, "stream": dialStreams, "http": dialHTTP}[load.Protocol]
	if open == nil {
		log.Fatalf("got protocol %q, expected grpc, stream or http", load.Protocol)
	}
	callers, end, err := open(load)
	if err != nil {
		log.Fatal(err)
	}
	defer end()
	if load.Replies != "" {
		if err := ask(load, callers[0], requests); err != nil {
			log.Fatal(err)
		}
		return
	}
	run(load, callers, requests)
}

// ask sends every request once and keeps the replies.
func ask(load Load, caller Caller, requests *Requests) error {
	file, err := os.Create(load.Replies)
	if err != nil {
		return err
	}
	defer file.Close()
	writer := bufio.NewWriter(file)
	for range requests.messages {
		reply, err := caller.Ask(requests.Next())
		if err != nil {
			return err
		}
		_ = binary.Write(writer, binary.LittleEndian, uint32(len(reply)))
		_, _ = writer.Write(reply)
	}
	return writer.Flush()
}

// run puts the load on the server and writes what came of it.
func run(load Load, callers []Caller, requests *Requests) {
	first := time.Now()
	window := Window{start: first.Add(seconds(load.WarmUp))}
	window.end = window.start.Add(seconds(load.Seconds))
	kept := make([]Kept, load.Outstanding)
	busy := make(chan float64, 1)
	go func() { busy <- watch(window) }()
	if load.Rate > 0 {
		kept = []Kept{sendAtRate(load, callers, requests, first, window)}
	} else {
		var group sync.WaitGroup
		for number := range kept {
			group.Add(1)
			go func() {
				defer group.Done()
				kept[number].repeat(callers[number%len(callers)], requests, window)
			}()
		}
		group.Wait()
	}
	write(load, kept, <-busy)
}

// watch says when calls count, and returns how many cores this process used meanwhile.
func watch(window Window) float64 {
	time.Sleep(time.Until(window.start))
	before := processorTime()
	fmt.Println("begin")
	time.Sleep(time.Until(window.end))
	used := processorTime() - before
	fmt.Println("end")
	return used.Seconds() / window.end.Sub(window.start).Seconds()
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func write(load Load, kept []Kept, busy float64) {
	summary := Summary{Seconds: load.Seconds, Busy: busy, Least: -1}
	for _, each := range kept {
		summary.add(each)
	}
	text, err := json.Marshal(summary)
	if err != nil {
		log.Fatal(err)
	}
	writer := bufio.NewWriter(os.Stdout)
	_, _ = writer.Write(append(text, '\n'))
	for _, each := range kept {
		_ = binary.Write(writer, binary.LittleEndian, each.times)
	}
	if err := writer.Flush(); err != nil {
		log.Fatal(err)
	}
}

func (summary *Summary) add(kept Kept) {
	summary.Count += len(kept.times) / 2
	summary.Lateness = max(summary.Lateness, kept.lateness.Seconds())
	summary.Errors += kept.errors
	if summary.FirstFail == "" {
		summary.FirstFail = kept.failure
	}
	if kept.answered {
		summary.Greatest = max(summary.Greatest, kept.greatest)
		if summary.Least < 0 || kept.least < summary.Least {
			summary.Least = kept.least
		}
	}
}

func seconds(count float64) time.Duration { return time.Duration(count * float64(time.Second)) }
