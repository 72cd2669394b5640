// Command goecho answers every call, over gRPC (one reply for each message) and over HTTP, with as many bytes as the
// last part of the method or path says: /bench.Echo/6700. It shows how much a load generator can send when the server
// is not what holds it. It ends when its standard input does.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

const (
	mostBytes = 64 << 20
	window    = 1 << 20
)

// raw leaves messages as they are: nothing is parsed, nothing is built.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

func (raw) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*int) = data.Len()
	return nil
}

var _ encoding.CodecV2 = raw{}

func size(path string) (int, error) {
	count, err := strconv.Atoi(path[strings.LastIndexByte(path, '/')+1:])
	if err != nil || count < 0 || count > mostBytes {
		return 0, fmt.Errorf("got %q, expected a path that ends in a number of bytes", path)
	}
	return count, nil
}

func answer(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	count, err := size(method)
	if err != nil {
		return status.Error(codes.Unimplemented, err.Error())
	}
	reply := make([]byte, count)
	for {
		var got int
		if err := stream.RecvMsg(&got); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(reply); err != nil {
			return err
		}
	}
}

func answerHTTP(writer http.ResponseWriter, request *http.Request) {
	count, err := size(request.URL.Path)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusNotFound)
		return
	}
	_, _ = io.Copy(io.Discard, request.Body)
	writer.Header().Set("Content-Type", "application/json")
	_, _ = writer.Write(make([]byte, count))
}

func main() {
	ctx, end := context.WithCancel(context.Background())
	rpc, web := listen(), listen()
	server := grpc.NewServer(
		grpc.ForceServerCodecV2(raw{}),
		grpc.UnknownServiceHandler(answer),
		grpc.MaxRecvMsgSize(mostBytes),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(window),
	)
	go func() { log.Fatal(server.Serve(rpc)) }()
	go func() { log.Fatal(http.Serve(web, http.HandlerFunc(answerHTTP))) }()
	fmt.Printf("{\"grpc\": %q, \"http\": %q}\n", rpc.Addr(), web.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	<-ctx.Done()
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return listener
}
