// hashicorp/mdns: one search a process, told by a line to begin (as asking.py) or, with an argument, at once.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/mdns"
)

type answer struct {
	Ms        *float64 `json:"ms"`
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	Port      int      `json:"port"`
	ID        string   `json:"id"`
}

func search(limit float64, id string) answer {
	started := time.Now()
	entries := make(chan *mdns.ServiceEntry, 256)
	timeout := time.Duration(limit * float64(time.Second))
	ended := make(chan error, 1)
	params := &mdns.QueryParam{Service: "_aiseg._tcp", Domain: "local", Timeout: timeout, Entries: entries}
	go func() { ended <- mdns.Query(params) }()
	for {
		select {
		case entry := <-entries:
			if !strings.Contains("|"+strings.Join(entry.InfoFields, "|")+"|", "|id="+id+"|") {
				continue
			}
			ms := float64(time.Since(started)) / float64(time.Millisecond)
			var addresses []string
			if entry.AddrV4 != nil {
				addresses = append(addresses, entry.AddrV4.String())
			}
			if entry.AddrV6 != nil {
				addresses = append(addresses, entry.AddrV6.String())
			}
			return answer{&ms, entry.Name, addresses, entry.Port, id}
		case <-ended:
			return answer{}
		}
	}
}

func say(what interface{}) {
	line, _ := json.Marshal(what)
	fmt.Println(string(line))
}

func main() {
	log.SetOutput(io.Discard)
	if len(os.Args) > 1 {
		say(search(10, os.Args[1]))
		return
	}
	say(struct{}{})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var limit float64
		var id string
		if count, _ := fmt.Sscanf(lines.Text(), "search %g %s", &limit, &id); count == 2 {
			say(search(limit, id))
		} else {
			say(struct{}{})
		}
	}
}
