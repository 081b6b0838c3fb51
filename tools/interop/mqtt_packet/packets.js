// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Packets for the differential test: random good ones, encoded by mqtt-packet, and mutations of
// any packet. Everything follows from the seed.
'use strict'

// mulberry32: small, seeded, the same everywhere.
class Random {
  constructor (seed) { this.state = seed >>> 0 }

  next () {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  below (bound) { return this.next() % bound }
  chance (percent) { return this.below(100) < percent }
  pick (list) { return list[this.below(list.length)] }

  bytes (count) {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)))
  }

  text () {
    const letters = ['a', 'b', 'c', 'Z', '0', ' ', '-', 'é', '€', '🐝', '\ufeff']
    return Array.from({ length: this.below(12) }, () => this.pick(letters)).join('')
  }

  topic () { return (this.chance(20) ? '$' : 't') + this.text() + '/' + this.text() }

  filter () {
    const levels = Array.from({ length: 1 + this.below(4) }, () => this.pick(['+', 'a', 'é', '']))
    const filter = levels.join('/') + (this.chance(30) ? '/#' : '')
    return filter === '' ? '#' : filter
  }

  packetId () { return 1 + this.below(65535) }
}

// ---- properties, by mqtt-packet's names

const MAKE = {
  payloadFormatIndicator: r => r.chance(50),
  messageExpiryInterval: r => r.next(),
  contentType: r => r.text(),
  responseTopic: r => r.topic(),
  correlationData: r => r.bytes(r.below(9)),
  sessionExpiryInterval: r => r.next(),
  assignedClientIdentifier: r => r.text(),
  serverKeepAlive: r => r.below(65536),
  authenticationMethod: r => r.text(),
  requestProblemInformation: r => r.chance(50),
  willDelayInterval: r => r.next(),
  requestResponseInformation: r => r.chance(50),
  responseInformation: r => r.text(),
  serverReference: r => r.text(),
  reasonString: r => r.text(),
  receiveMaximum: r => 1 + r.below(65535),
  topicAliasMaximum: r => r.below(65536),
  topicAlias: r => 1 + r.below(65535),
  maximumQoS: r => r.below(2),
  retainAvailable: r => r.chance(50),
  maximumPacketSize: r => 1 + r.below(0xffffffff),
  wildcardSubscriptionAvailable: r => r.chance(50),
  subscriptionIdentifiersAvailable: r => r.chance(50),
  sharedSubscriptionAvailable: r => r.chance(50),
  subscriptionIdentifier: r => 1 + r.below(268435455),
  userProperties: r => {
    const out = {}
    for (let i = r.below(3); i >= 0; i--) {
      out[`k${r.text()}`] = r.chance(50) ? `v${r.text()}` : ['1', '2']
    }
    return out
  }
}

const WHERE = {
  connect: ['sessionExpiryInterval', 'authenticationMethod', 'requestProblemInformation',
    'requestResponseInformation', 'receiveMaximum', 'topicAliasMaximum', 'userProperties',
    'maximumPacketSize'],
  will: ['willDelayInterval', 'payloadFormatIndicator', 'messageExpiryInterval', 'contentType',
    'responseTopic', 'correlationData', 'userProperties'],
  connack: ['sessionExpiryInterval', 'assignedClientIdentifier', 'serverKeepAlive',
    'authenticationMethod', 'responseInformation', 'serverReference', 'reasonString',
    'receiveMaximum', 'topicAliasMaximum', 'maximumQoS', 'retainAvailable', 'userProperties',
    'maximumPacketSize', 'wildcardSubscriptionAvailable', 'subscriptionIdentifiersAvailable',
    'sharedSubscriptionAvailable'],
  publish: ['payloadFormatIndicator', 'messageExpiryInterval', 'contentType', 'responseTopic',
    'correlationData', 'topicAlias', 'userProperties'],
  ack: ['reasonString', 'userProperties'],
  subscribe: ['subscriptionIdentifier', 'userProperties'],
  unsubscribe: ['userProperties'],
  disconnect: ['sessionExpiryInterval', 'reasonString', 'userProperties'],
  auth: ['authenticationMethod', 'reasonString', 'userProperties']
}

function properties (random, place) {
  const out = {}
  const percent = random.pick([0, 30, 100])
  for (const name of WHERE[place]) if (random.chance(percent)) out[name] = MAKE[name](random)
  return out
}

// ---- packets

function connect (r, level) {
  const packet = {
    cmd: 'connect',
    protocolId: level === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: level,
    clean: true,
    clientId: 'c' + r.text(),
    keepalive: r.below(65536),
    properties: properties(r, 'connect')
  }
  if (r.chance(50)) {
    packet.will = {
      topic: r.topic(),
      payload: r.bytes(1 + r.below(20)),
      qos: r.below(3),
      retain: r.chance(50),
      properties: properties(r, 'will')
    }
  }
  if (r.chance(50)) packet.username = 'u' + r.text()
  if (packet.username && r.chance(50)) packet.password = r.bytes(1 + r.below(9))
  return packet
}

function acknowledgement (r, level) {
  const cmd = r.pick(['puback', 'pubrec', 'pubrel', 'pubcomp'])
  const codes = cmd === 'puback' || cmd === 'pubrec' ? [0, 0x10, 0x80, 0x87, 0x97] : [0, 0x92]
  return {
    cmd,
    messageId: r.packetId(),
    reasonCode: level === 5 ? r.pick(codes) : 0,
    properties: properties(r, 'ack')
  }
}

const PACKETS = [
  connect,
  (r, level) => ({
    cmd: 'connack',
    sessionPresent: false,
    returnCode: r.below(6),
    reasonCode: r.pick([0, 0x80, 0x87, 0x95]),
    properties: properties(r, 'connack')
  }),
  (r) => {
    const qos = r.below(3)
    return {
      cmd: 'publish',
      qos,
      dup: qos > 0 && r.chance(30),
      retain: r.chance(30),
      messageId: r.packetId(),
      topic: r.topic(),
      payload: r.bytes(r.pick([0, 5, 100, 200])),
      properties: properties(r, 'publish')
    }
  },
  acknowledgement,
  (r) => ({
    cmd: 'subscribe',
    messageId: r.packetId(),
    subscriptions: Array.from({ length: 1 + r.below(4) }, () => ({
      topic: r.filter(), qos: r.below(3), nl: r.chance(30), rap: r.chance(30), rh: r.below(3)
    })),
    properties: properties(r, 'subscribe')
  }),
  (r, level) => ({
    cmd: 'suback',
    messageId: r.packetId(),
    granted: Array.from({ length: 1 + r.below(4) },
      () => r.pick(level === 5 ? [0, 1, 2, 0x80, 0x87, 0x9e] : [0, 1, 2, 0x80])),
    properties: properties(r, 'ack')
  }),
  (r) => ({
    cmd: 'unsubscribe',
    messageId: r.packetId(),
    unsubscriptions: Array.from({ length: 1 + r.below(4) }, () => r.filter()),
    properties: properties(r, 'unsubscribe')
  }),
  (r) => ({
    cmd: 'unsuback',
    messageId: r.packetId(),
    granted: Array.from({ length: 1 + r.below(4) }, () => r.pick([0, 0x11, 0x80, 0x87])),
    properties: properties(r, 'ack')
  }),
  () => ({ cmd: 'pingreq' }),
  () => ({ cmd: 'pingresp' }),
  (r) => ({
    cmd: 'disconnect', reasonCode: r.pick([0, 4, 0x80]), properties: properties(r, 'disconnect')
  }),
  (r) => ({
    cmd: 'auth',
    reasonCode: r.pick([0x18, 0x19]),
    properties: { authenticationMethod: 'm', ...properties(r, 'auth') }
  })
]

const FROM_SERVER = new Set(['connack', 'suback', 'unsuback', 'pingresp'])

// A packet that mqtt-packet has encoded.
function generated (random, mqttPacket) {
  for (;;) {
    const level = random.pick([3, 4, 5, 5])
    const packet = random.pick(PACKETS)(random, level)
    if (packet.cmd === 'auth' && level !== 5) continue
    return {
      version: packet.cmd === 'connect' ? 'unknown' : { 3: '3.1', 4: '3.1.1', 5: '5.0' }[level],
      sender: FROM_SERVER.has(packet.cmd) ? 'server' : 'client',
      bytes: mqttPacket.generate(packet, { protocolVersion: level }),
      pristine: true
    }
  }
}

// ---- mutations

function variableByteInteger (value) {
  const out = []
  do {
    out.push(value % 128 + (value >= 128 ? 128 : 0))
    value = Math.floor(value / 128)
  } while (value > 0)
  return Buffer.from(out)
}

// The bytes behind the fixed header; all of them if that is broken.
function bodyOf (bytes) {
  let at = 1
  while (at < bytes.length && at < 5 && bytes[at] >= 128) at++
  return bytes.subarray(Math.min(at + 1, bytes.length))
}

const INTERESTING = [
  0, 1, 2, 3, 4, 5, 8, 0x0b, 0x10, 0x20, 0x23, 0x26, 0x2b, 0x40, 0x7f, 0x80, 0xc0, 0xff
]

function mutatedBody (random, body) {
  const out = [...body]
  const at = random.below(out.length + 1)
  switch (random.below(6)) {
    case 0: if (at < out.length) out[at] ^= 1 << random.below(8); break
    case 1: if (at < out.length) out[at] = random.pick(INTERESTING); break
    case 2: out.splice(at, 0, random.pick(INTERESTING)); break
    case 3: out.splice(at, 1 + random.below(3)); break
    case 4: out.splice(at); break
    default: out.splice(at, 0, ...out.slice(at, at + 1 + random.below(6))); break
  }
  return Buffer.from(out)
}

// One packet with something changed; the Remaining Length mostly still tells the truth.
function mutated (random, one) {
  let first = one.bytes[0]
  let body = bodyOf(one.bytes)
  const count = 1 + random.below(3)
  for (let i = 0; i < count; i++) body = mutatedBody(random, body)
  if (random.chance(5)) first ^= 1 << random.below(8)
  let length = variableByteInteger(body.length)
  if (random.chance(5)) length = variableByteInteger(random.below(body.length + 3))
  if (random.chance(2)) length = Buffer.from([...length.map(byte => byte | 128), 0])
  return { ...one, pristine: false, bytes: Buffer.concat([Buffer.from([first]), length, body]) }
}

module.exports = { Random, generated, mutated }
