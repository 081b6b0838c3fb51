// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Turns a packet as mqtt-packet gives it into the names and values that //codec:verdict prints, so
// that the two can be compared. Bytes are hex; every value is in an array.
'use strict'

// mqtt-packet's property names, in the order of our list: integers, strings, then repeatable ones.
const INTEGERS = {
  payloadFormatIndicator: 'payload_format_indicator',
  messageExpiryInterval: 'message_expiry_interval',
  sessionExpiryInterval: 'session_expiry_interval',
  serverKeepAlive: 'server_keep_alive',
  requestProblemInformation: 'request_problem_information',
  willDelayInterval: 'will_delay_interval',
  requestResponseInformation: 'request_response_information',
  receiveMaximum: 'receive_maximum',
  topicAliasMaximum: 'topic_alias_maximum',
  topicAlias: 'topic_alias',
  maximumQoS: 'maximum_qos',
  retainAvailable: 'retain_available',
  maximumPacketSize: 'maximum_packet_size',
  wildcardSubscriptionAvailable: 'wildcard_subscription_available',
  subscriptionIdentifiersAvailable: 'subscription_identifier_available',
  sharedSubscriptionAvailable: 'shared_subscription_available',
  subscriptionIdentifier: 'subscription_identifier'
}
const BYTES = {
  contentType: 'content_type',
  responseTopic: 'response_topic',
  correlationData: 'correlation_data',
  assignedClientIdentifier: 'assigned_client_identifier',
  authenticationMethod: 'authentication_method',
  authenticationData: 'authentication_data',
  responseInformation: 'response_information',
  serverReference: 'server_reference',
  reasonString: 'reason_string'
}

const hex = value => Buffer.from(value || '').toString('hex')
const many = value => Array.isArray(value) ? value : [value]

function putUserProperties (out, prefix, properties) {
  const pairs = []
  for (const name of Object.keys(properties)) {
    for (const value of many(properties[name])) pairs.push([hex(name), hex(value)])
  }
  if (pairs.length > 0) out[prefix + 'user_property'] = pairs
}

function putProperties (out, prefix, properties) {
  for (const name of Object.keys(properties || {})) {
    if (name === 'userProperties') putUserProperties(out, prefix, properties[name])
    else if (INTEGERS[name]) out[prefix + INTEGERS[name]] = many(properties[name]).map(Number)
    else if (BYTES[name]) out[prefix + BYTES[name]] = many(properties[name]).map(hex)
    else out[prefix + name] = [String(properties[name])]
  }
}

function connectFields (out, packet) {
  out.version = [packet.protocolVersion]
  out.clean_start = [packet.clean]
  out.keep_alive = [packet.keepalive]
  out.client_id = [hex(packet.clientId)]
  if (packet.will) {
    out['will.qos'] = [packet.will.qos]
    out['will.retain'] = [packet.will.retain]
    out['will.topic'] = [hex(packet.will.topic)]
    out['will.payload'] = [hex(packet.will.payload)]
    putProperties(out, 'will.', packet.will.properties)
  }
  if (packet.username !== undefined) out.user_name = [hex(packet.username)]
  if (packet.password !== undefined) out.password = [hex(packet.password)]
}

function publishFields (out, packet) {
  out.dup = [packet.dup]
  out.qos = [packet.qos]
  out.retain = [packet.retain]
  if (packet.qos > 0) out.packet_id = [packet.messageId]
  out.topic = [hex(packet.topic)]
  out.payload = [hex(packet.payload)]
}

function subscribeFields (out, packet) {
  const list = packet.subscriptions
  out.packet_id = [packet.messageId]
  out.filter = list.map(entry => hex(entry.topic))
  out['filter.qos'] = list.map(entry => entry.qos)
  const put = (name, values) => { if (values.length > 0) out[name] = values }
  put('filter.no_local', list.filter(entry => entry.nl).map(() => true))
  put('filter.retain_as_published', list.filter(entry => entry.rap).map(() => true))
  put('filter.retain_handling', list.filter(entry => entry.rh).map(entry => entry.rh))
}

// What a packet says, as far as verdict would print it.
function fieldsOf (packet) {
  const out = {}
  switch (packet.cmd) {
    case 'connect': connectFields(out, packet); break
    case 'connack':
      out.session_present = [packet.sessionPresent]
      out.reason_code = [packet.reasonCode === undefined ? packet.returnCode : packet.reasonCode]
      break
    case 'publish': publishFields(out, packet); break
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      out.packet_id = [packet.messageId]
      out.reason_code = [packet.reasonCode || 0]
      break
    case 'subscribe': subscribeFields(out, packet); break
    case 'unsubscribe':
      out.packet_id = [packet.messageId]
      out.filter = packet.unsubscriptions.map(hex)
      break
    case 'suback':
    case 'unsuback':
      out.packet_id = [packet.messageId]
      if (packet.granted && packet.granted.length > 0) out.reason_code = packet.granted.map(Number)
      break
    case 'disconnect':
    case 'auth':
      out.reason_code = [packet.reasonCode || 0]
      break
    default: // pingreq and pingresp say nothing
  }
  putProperties(out, '', packet.properties)
  return out
}

module.exports = { fieldsOf }
