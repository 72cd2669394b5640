package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

const (
	patience  = 30 * time.Second
	mostBytes = 64 << 20
	window    = 1 << 20
)

// Caller sends a request and waits for its reply.
type Caller interface {
	Call(request []byte) (int, error)
	Ask(request []byte) ([]byte, error)
}

// raw leaves messages as they are; of a reply it keeps the bytes only when it is asked to.
type raw struct{}

// reply is what came back: how long it is, and the bytes when they are wanted.
type reply struct {
	size  int
	keep  bool
	bytes []byte
}

func (raw) Name() string { return "proto" }

func (raw) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

func (raw) Unmarshal(data mem.BufferSlice, message any) error {
	got := message.(*reply)
	got.size = data.Len()
	if got.keep {
		got.bytes = data.Materialize()
	}
	return nil
}

var _ encoding.CodecV2 = raw{}

func connect(load Load) ([]*grpc.ClientConn, func(), error) {
	var found []*grpc.ClientConn
	end := func() {
		for _, each := range found {
			_ = each.Close()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range max(load.Connections, 1) {
		connection, err := grpc.NewClient(
			"passthrough:///"+load.Address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(raw{}), grpc.MaxCallRecvMsgSize(mostBytes)),
			grpc.WithNoProxy(),
			grpc.WithInitialWindowSize(window),
			grpc.WithInitialConnWindowSize(window),
		)
		if err != nil {
			return nil, end, err
		}
		found = append(found, connection)
		connection.Connect()
		for state := connection.GetState(); state != connectivity.Ready; state = connection.GetState() {
			if !connection.WaitForStateChange(ctx, state) {
				return nil, end, fmt.Errorf("no connection to %s", load.Address)
			}
		}
	}
	return found, end, nil
}

type unary struct {
	connection *grpc.ClientConn
	method     string
}

func dialUnary(load Load) ([]Caller, func(), error) {
	connections, end, err := connect(load)
	callers := make([]Caller, len(connections))
	for number, connection := range connections {
		callers[number] = unary{connection, load.Method}
	}
	return callers, end, err
}

func (caller unary) Call(request []byte) (int, error) {
	var got reply
	err := caller.invoke(request, &got)
	return got.size, err
}

func (caller unary) Ask(request []byte) ([]byte, error) {
	got := reply{keep: true}
	err := caller.invoke(request, &got)
	return got.bytes, err
}

func (caller unary) invoke(request []byte, got *reply) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return caller.connection.Invoke(ctx, caller.method, request, got)
}

type web struct {
	client *http.Client
	url    string
}

func dialHTTP(load Load) ([]Caller, func(), error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1 << 12, MaxConnsPerHost: load.Connections, DisableCompression: true}
	client := &http.Client{Transport: transport, Timeout: patience}
	return []Caller{web{client, "http://" + load.Address + load.Method}}, transport.CloseIdleConnections, nil
}

func (caller web) Call(request []byte) (int, error) {
	body, err := caller.Ask(request)
	return len(body), err
}

func (caller web) Ask(request []byte) ([]byte, error) {
	response, err := caller.client.Post(caller.url, "application/json", bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", response.Status, body)
	}
	return body, err
}
