// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// mqtt.js against a broker, in 3.1.1 and 5.0: mqtt_js_test.js PORT
'use strict'
const assert = require('node:assert')
const path = require('node:path')
const fs = require('node:fs')
const folder = path.dirname(fs.realpathSync(__filename))
const mqtt = require(path.join(folder, 'node_modules', 'mqtt'))

const port = Number(process.argv[2])
const PATIENCE_MS = 8000

function within (promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), PATIENCE_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

class Client {
  constructor (version, options) {
    this.mqtt = mqtt.connect({
      host: '127.0.0.1',
      protocol: process.env.MQTT_PROTOCOL || 'mqtt',
      port,
      protocolVersion: version,
      reconnectPeriod: 0,
      username: process.env.MQTT_USER,
      password: process.env.MQTT_PASSWORD,
      ...options
    })
    this.messages = []
    this.waiting = []
    this.connack = null
    this.mqtt.on('error', () => {})
    this.mqtt.on('packetreceive', packet => {
      if (packet.cmd === 'connack') this.connack = packet
    })
    this.mqtt.on('message', (topic, payload, packet) => {
      this.messages.push({ topic, payload, packet })
      this.waiting.splice(0).forEach(wake => wake())
    })
  }

  async ready () {
    await within(new Promise((resolve, reject) => {
      if (this.mqtt.connected) return resolve()
      this.mqtt.once('connect', resolve)
      this.mqtt.once('error', reject)
    }), 'CONNACK')
    return this
  }

  async next () {
    while (this.messages.length === 0) {
      await within(new Promise(resolve => this.waiting.push(resolve)), 'a message')
    }
    return this.messages.shift()
  }

  subscribe (topic, options) { return within(this.mqtt.subscribeAsync(topic, options), 'SUBACK') }
  publish (topic, payload, options) {
    return within(this.mqtt.publishAsync(topic, payload, options), 'the acknowledgement')
  }

  end (options) { return within(this.mqtt.endAsync(false, options), 'the end') }
  cut () { this.mqtt.stream.destroy() }
}

const connect = (version, options) => new Client(version, options).ready()
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

const stories = {
  async qualityOfService (version) {
    const client = await connect(version)
    for (const qos of [0, 1, 2]) {
      await client.subscribe(`js/qos/${qos}`, { qos })
      await client.publish(`js/qos/${qos}`, `level ${qos}`, { qos })
      const { payload, packet } = await client.next()
      assert.equal(payload.toString(), `level ${qos}`)
      assert.equal(packet.qos, qos)
    }
    await client.end()
  },

  async manyInFlight (version) {
    const receiver = await connect(version)
    await receiver.subscribe('js/many', { qos: 2 })
    const sender = await connect(version)
    const sent = []
    for (let i = 0; i < 500; i++) sent.push(sender.publish('js/many', `${i}`, { qos: 1 + i % 2 }))
    await Promise.all(sent)
    const got = []
    for (let i = 0; i < 500; i++) got.push(Number((await receiver.next()).payload.toString()))
    for (const parity of [0, 1]) {
      const line = got.filter(n => n % 2 === parity)
      assert.deepEqual(line, [...line].sort((a, b) => a - b), 'order within a QoS')
      assert.equal(line.length, 250)
    }
    await sender.end()
    await receiver.end()
  },

  async retained (version) {
    const client = await connect(version)
    await client.publish('js/kept', 'kept', { qos: 1, retain: true })
    await client.subscribe('js/+', { qos: 1 })
    const { packet } = await client.next()
    assert.equal(packet.retain, true)
    await client.publish('js/kept', '', { qos: 1, retain: true })
    assert.equal((await client.next()).packet.retain, false)
    await client.end()
    const later = await connect(version)
    await later.subscribe('js/kept')
    await pause(200)
    assert.equal(later.messages.length, 0)
    await later.end()
  },

  async will (version) {
    const witness = await connect(version)
    await witness.subscribe('js/will', { qos: 1 })
    const victim = await connect(version, { will: { topic: 'js/will', payload: 'gone', qos: 1 } })
    victim.cut()
    assert.equal((await witness.next()).payload.toString(), 'gone')
    const polite = await connect(version, { will: { topic: 'js/will', payload: 'never', qos: 1 } })
    await polite.end()
    await pause(200)
    assert.equal(witness.messages.length, 0)
    await witness.end()
  },

  async sessionResume (version) {
    const options = { clientId: `js-resumed-${version}`, clean: false }
    if (version === 5) options.properties = { sessionExpiryInterval: 100 }
    const before = await connect(version, options)
    assert.equal(before.connack.sessionPresent, false)
    await before.subscribe('js/away', { qos: 2 })
    await before.end()
    const sender = await connect(version)
    for (const word of ['one', 'two', 'three']) await sender.publish('js/away', word, { qos: 2 })
    const after = await connect(version, options)
    assert.equal(after.connack.sessionPresent, true)
    for (const word of ['one', 'two', 'three']) {
      assert.equal((await after.next()).payload.toString(), word)
    }
    await after.end()
    await sender.end()
  },

  async sharedSubscription (version) {
    const members = [await connect(version), await connect(version)]
    for (const member of members) await member.subscribe('$share/g/js/jobs', { qos: 1 })
    const sender = await connect(version)
    for (let i = 0; i < 10; i++) await sender.publish('js/jobs', `${i}`, { qos: 1 })
    await pause(300)
    assert.deepEqual(members.map(member => member.messages.length), [5, 5])
    for (const client of [...members, sender]) await client.end()
  },

  // In 3.1.1 both sides know the response topic; in 5.0 the request names it.
  async requestResponse (version) {
    const responder = await connect(version)
    await responder.subscribe('js/request', { qos: 1 })
    const requester = await connect(version)
    await requester.subscribe('js/response', { qos: 1 })
    const properties = version === 5
      ? {
          responseTopic: 'js/response',
          correlationData: Buffer.from('42'),
          userProperties: { a: ['1', '2'], b: '3' }
        }
      : undefined
    await requester.publish('js/request', 'question', { qos: 1, properties })
    const { payload, packet } = await responder.next()
    assert.equal(payload.toString(), 'question')
    let answerTopic = 'js/response'
    let answerProperties
    if (version === 5) {
      assert.equal(packet.properties.responseTopic, 'js/response')
      assert.deepEqual({ ...packet.properties.userProperties }, { a: ['1', '2'], b: '3' })
      answerTopic = packet.properties.responseTopic
      answerProperties = { correlationData: packet.properties.correlationData }
    }
    await responder.publish(answerTopic, 'answer', { qos: 1, properties: answerProperties })
    const answer = await requester.next()
    assert.equal(answer.payload.toString(), 'answer')
    if (version === 5) assert.equal(answer.packet.properties.correlationData.toString(), '42')
    await requester.end()
    await responder.end()
  }
}

async function main () {
  for (const version of [4, 5]) {
    for (const [name, story] of Object.entries(stories)) {
      await story(version)
      console.log(`ok ${version} ${name}`)
    }
  }
  process.exit(0)
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
