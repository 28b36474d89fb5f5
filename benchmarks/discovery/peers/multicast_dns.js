// multicast-dns is a codec with sockets: it is asked once for the type, and once more for what an answer left out.
'use strict'

const createMdns = require('multicast-dns')
const { serve, WITHOUT_DOT } = require('./asking')

serve(wanted => {
  const mdns = createMdns()
  const known = {}
  const asked = new Set()
  const of = (name, type) => Object.values(known).filter(each => each.type === type && each.name === name)
  const ask = (name, type) => {
    if (asked.has(name + type)) return
    asked.add(name + type)
    mdns.query([{ name, type }])
  }
  mdns.on('response', response => {
    for (const each of [...response.answers, ...response.additionals]) {
      known[`${each.name} ${each.type} ${each.data}`] = each
    }
    for (const { data: name } of of(WITHOUT_DOT, 'PTR')) {
      const [srv] = of(name, 'SRV')
      const [txt] = of(name, 'TXT')
      if (!srv) ask(name, 'SRV')
      if (!txt) ask(name, 'TXT')
      if (!srv || !txt) continue
      const addresses = of(srv.data.target, 'A').map(each => each.data)
      if (!addresses.length) ask(srv.data.target, 'A')
      wanted({ name, addresses, port: srv.data.port, txt: read(txt.data) })
    }
  })
  mdns.on('error', () => {})
  ask(WITHOUT_DOT, 'PTR')
  return () => mdns.destroy()
})

function read (strings) {
  const pairs = [].concat(strings).map(each => String(each).split('='))
  return Object.fromEntries(pairs.map(([key, ...value]) => [key, value.join('=')]))
}
