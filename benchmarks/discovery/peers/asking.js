// How a search written for Node is told to begin and says what it found; asking.py is the same for Python.
'use strict'

const readline = require('readline')

const WITHOUT_DOT = '_aiseg._tcp.local'

// `search(wanted)` calls `wanted(service)` for each service it knows completely: name, addresses, port, txt (an object).
// It returns what ends it.
function serve (search) {
  const say = what => process.stdout.write(JSON.stringify(what) + '\n')
  const once = process.argv[2] // a whole process that searches once
  if (once) {
    search(({ name, addresses, port, txt }) => {
      if (!txt || String(txt.id) !== once) return
      process.stdout.write(JSON.stringify({ name, addresses, port, id: once }) + '\n', () => process.exit(0))
    })
    return
  }
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('line', line => {
    const [word, limit, id] = line.split(' ')
    if (word !== 'search') return say({})
    const started = process.hrtime.bigint()
    let timer
    let end = () => {}
    let over = false
    const finish = answer => {
      if (over) return
      over = true
      clearTimeout(timer)
      setImmediate(() => { // a search may find before it has returned what ends it
        end()
        say(answer)
      })
    }
    timer = setTimeout(() => finish({ ms: null }), Number(limit) * 1000)
    end = search(({ name, addresses, port, txt }) => {
      if (!addresses.length || !txt || String(txt.id) !== id) return
      const ms = Number(process.hrtime.bigint() - started) / 1e6
      finish({ ms, name, addresses, port, id: String(txt.id) })
    })
  })
  lines.on('close', () => process.exit(0))
  say({})
}

module.exports = { serve, WITHOUT_DOT }
