package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const mostErrors = 10 // of one caller, which then gives up

const spin = 200 * time.Microsecond // timers are late by about as much; the rest is waited for awake

// Requests are sent one after the other, again from the first after the last, and each gets a serial number.
type Requests struct {
	messages [][]byte
	places   [][]int // where the number goes in each message
	digits   int
	serial   atomic.Uint64
}

func readRequests(load Load) (*Requests, error) {
	data, err := os.ReadFile(load.Requests)
	if err != nil {
		return nil, err
	}
	requests := &Requests{digits: len(load.Mark)}
	requests.serial.Store(load.First)
	for len(data) >= 4 {
		size := int(binary.LittleEndian.Uint32(data))
		if len(data) < 4+size {
			return nil, errors.New("the file of requests is cut off")
		}
		message := data[4 : 4+size]
		requests.messages = append(requests.messages, message)
		requests.places = append(requests.places, placesOf(message, load.Mark))
		data = data[4+size:]
	}
	if len(requests.messages) == 0 {
		return nil, errors.New("there are no requests")
	}
	return requests, nil
}

func placesOf(message []byte, mark string) []int {
	var places []int
	for from := 0; mark != ""; {
		at := bytes.Index(message[from:], []byte(mark))
		if at < 0 {
			break
		}
		places = append(places, from+at)
		from += at + len(mark)
	}
	return places
}

// Next returns the next request with its number in place.
func (requests *Requests) Next() []byte {
	serial := requests.serial.Add(1) - 1
	index := serial % uint64(len(requests.messages))
	message, places := requests.messages[index], requests.places[index]
	if len(places) == 0 {
		return message
	}
	number := fmt.Appendf(nil, "%0*x", requests.digits, serial)
	number = number[len(number)-requests.digits:]
	message = bytes.Clone(message)
	for _, at := range places {
		copy(message[at:], number)
	}
	return message
}

// Window is when calls count.
type Window struct{ start, end time.Time }

// Kept is what one caller saw.
type Kept struct {
	times           []uint32
	lateness        time.Duration
	least, greatest int
	answered        bool
	errors          int
	failure         string
}

func (kept *Kept) add(window Window, at time.Time, took time.Duration, size int, err error) {
	if err != nil {
		kept.errors++
		if kept.failure == "" {
			kept.failure = err.Error()
		}
		return
	}
	if !kept.answered || size < kept.least {
		kept.least = size
	}
	kept.greatest, kept.answered = max(kept.greatest, size), true
	if at.Before(window.start) || !at.Before(window.end) {
		return
	}
	kept.times = append(kept.times, uint32(at.Sub(window.start).Microseconds()), uint32(took.Microseconds()))
}

// repeat calls again and again; what counts are the calls that end in the window.
func (kept *Kept) repeat(caller Caller, requests *Requests, window Window) {
	for kept.errors < mostErrors {
		request := requests.Next()
		sent := time.Now()
		if !sent.Before(window.end) {
			return
		}
		size, err := caller.Call(request)
		ended := time.Now()
		kept.add(window, ended, ended.Sub(sent), size, err)
	}
}

// sendAtRate sends at even intervals, whether or not replies come; what counts are the calls that are due in the
// window, each timed from when it was due: a late generator must not flatter the server.
func sendAtRate(load Load, callers []Caller, requests *Requests, first time.Time, window Window) Kept {
	var kept Kept
	var lock sync.Mutex
	var group sync.WaitGroup
	for number := 0; ; number++ {
		due := first.Add(seconds(float64(number) / load.Rate))
		if !due.Before(window.end) {
			break
		}
		request := requests.Next()
		waitUntil(due)
		late := time.Since(due)
		group.Add(1)
		go func() {
			defer group.Done()
			size, err := callers[number%len(callers)].Call(request)
			took := time.Since(due)
			lock.Lock()
			defer lock.Unlock()
			kept.add(window, due, took, size, err)
			if !due.Before(window.start) {
				kept.lateness = max(kept.lateness, late)
			}
		}()
	}
	group.Wait()
	return kept
}

func waitUntil(moment time.Time) {
	time.Sleep(time.Until(moment) - spin)
	for time.Now().Before(moment) { //nolint:revive // the clock has no event
	}
}
