package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc"
)

// stream is one bidirectional call. Replies hold results, each with the id of its item, in any order; the last digits
// of an id are the number of the request. A reply that begins with a zero is an echo's: they come in order.
type stream struct {
	client  grpc.ClientStream
	items   int
	sending sync.Mutex
	lock    sync.Mutex
	waiting map[string]*awaited
	order   []string
	digits  int
	mark    []byte
	failure error
	ended   chan struct{}
}

// awaited is a request with items that are not answered yet.
type awaited struct {
	items int
	bytes []byte
	done  chan []byte
}

func dialStreams(load Load) ([]Caller, func(), error) {
	connections, end, err := connect(load)
	if err != nil {
		return nil, end, err
	}
	description := grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	var callers []Caller
	for number := range max(load.Streams, 1) {
		client, err := connections[number%len(connections)].NewStream(context.Background(), &description, load.Method)
		if err != nil {
			return nil, end, err
		}
		each := &stream{
			client: client, items: load.Items, digits: len(load.Mark), mark: []byte(load.Before),
			waiting: map[string]*awaited{}, ended: make(chan struct{}),
		}
		if len(load.Greeting) > 0 {
			if err := client.SendMsg(load.Greeting); err != nil {
				return nil, end, err
			}
		}
		go each.receive()
		callers = append(callers, each)
	}
	return callers, end, nil
}

func (caller *stream) receive() {
	defer close(caller.ended)
	for caller.failure == nil {
		got := &reply{keep: true}
		if caller.failure = caller.client.RecvMsg(got); caller.failure != nil || got.size == 0 {
			continue
		}
		if got.bytes[0] == 0 {
			caller.answerOldest(got.bytes)
		} else {
			caller.failure = caller.answer(got.bytes)
		}
	}
}

func (caller *stream) answerOldest(message []byte) {
	caller.lock.Lock()
	defer caller.lock.Unlock()
	if len(caller.order) == 0 {
		return // the answer to the greeting
	}
	key := caller.order[0]
	caller.order = caller.order[1:]
	caller.waiting[key].done <- message
	delete(caller.waiting, key)
}

// answer takes the results of a reply: repeated field 1 of it, each with the id of its item as its own field 1.
func (caller *stream) answer(message []byte) error {
	caller.lock.Lock()
	defer caller.lock.Unlock()
	for rest := message; len(rest) > 0; {
		result, after, err := fieldOne(rest)
		if err != nil {
			return err
		}
		id, _, err := fieldOne(result)
		if err != nil || len(id) < caller.digits {
			return fmt.Errorf("got a result without an id: %v", err)
		}
		key := string(id[len(id)-caller.digits:])
		request := caller.waiting[key]
		if request == nil {
			return fmt.Errorf("got a result for %q, which was not asked for", id)
		}
		request.bytes = append(request.bytes, rest[:len(rest)-len(after)]...)
		if request.items--; request.items == 0 {
			request.done <- request.bytes
			delete(caller.waiting, key)
		}
		rest = after
	}
	return nil
}

func fieldOne(data []byte) (value, rest []byte, err error) {
	if len(data) == 0 || data[0] != 0x0a {
		return nil, nil, errors.New("got a message that does not begin with its field 1")
	}
	size, read := binary.Uvarint(data[1:])
	if read <= 0 || uint64(len(data)-1-read) < size {
		return nil, nil, errors.New("got a message that is cut off")
	}
	return data[1+read : 1+read+int(size)], data[1+read+int(size):], nil
}

// key returns the number of a request, which stands in the id of its first item.
func (caller *stream) key(request []byte) (string, error) {
	at := bytes.Index(request, caller.mark)
	if at < 0 || at+len(caller.mark)+caller.digits > len(request) {
		return "", fmt.Errorf("a request has no id after %q", caller.mark)
	}
	at += len(caller.mark)
	return string(request[at : at+caller.digits]), nil
}

func (caller *stream) Call(request []byte) (int, error) {
	reply, err := caller.Ask(request)
	return len(reply), err
}

func (caller *stream) Ask(request []byte) ([]byte, error) {
	key, err := caller.key(request)
	if err != nil {
		return nil, err
	}
	mine := &awaited{items: caller.items, done: make(chan []byte, 1)}
	caller.sending.Lock()
	caller.lock.Lock()
	caller.waiting[key] = mine
	caller.order = append(caller.order, key)
	caller.lock.Unlock()
	err = caller.client.SendMsg(request)
	caller.sending.Unlock()
	if err != nil && err != io.EOF { // after EOF the reason is what receiving says
		return nil, err
	}
	select {
	case got := <-mine.done:
		return got, nil
	case <-caller.ended:
		return nil, caller.failure
	}
}
