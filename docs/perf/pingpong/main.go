// A bare TCP ping-pong, to hold the round trip of an acked message against: each
// sender writes SIZE bytes and waits for 21 back, the length of an ack.
//
//	pingpong serve ADDRESS SIZE
//	pingpong ADDRESS SIZE N SENDERS     prints round trips a second
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

const ack = 21

func main() {
	log.SetFlags(0)
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		serve(os.Args[2], number(os.Args[3]))
	}
	if len(os.Args) != 5 {
		log.Fatal("usage: pingpong serve ADDRESS SIZE | pingpong ADDRESS SIZE N SENDERS")
	}
	size, n, senders := number(os.Args[2]), number(os.Args[3]), number(os.Args[4])
	run(os.Args[1], size, min(n, 2000), senders)
	start := time.Now()
	run(os.Args[1], size, n, senders)
	fmt.Printf("%.0f\n", float64(n)/time.Since(start).Seconds())
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		log.Fatalf("%q is no number above 0", s)
	}
	return n
}

func serve(address string, size int) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer c.Close()
			b := make([]byte, size)
			for {
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
				if _, err := c.Write(b[:ack]); err != nil {
					return
				}
			}
		}()
	}
}

func run(address string, size, n, senders int) {
	var wg sync.WaitGroup
	for i := range senders {
		c, err := net.Dial("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		part := n / senders
		if i < n%senders {
			part++
		}
		wg.Go(func() {
			defer c.Close()
			b := make([]byte, size)
			for range part {
				if _, err := c.Write(b); err != nil {
					log.Fatal(err)
				}
				if _, err := io.ReadFull(c, b[:ack]); err != nil {
					log.Fatal(err)
				}
			}
		})
	}
	wg.Wait()
}
