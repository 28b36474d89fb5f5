// dnssd.js, as its README shows it.
'use strict'

const dnssd = require('dnssd')
const { serve } = require('./asking')

serve(wanted => {
  const browser = new dnssd.Browser(dnssd.tcp('aiseg'))
  browser.on('serviceUp', wanted).start()
  return () => browser.stop()
})
