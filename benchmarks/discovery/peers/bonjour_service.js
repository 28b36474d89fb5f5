// bonjour-service, as its README shows it.
'use strict'

const { Bonjour } = require('bonjour-service')
const { serve } = require('./asking')

serve(wanted => {
  const bonjour = new Bonjour(undefined, () => {})
  const browser = bonjour.find({ type: 'aiseg' }, wanted)
  return () => {
    browser.stop()
    bonjour.destroy()
  }
})
