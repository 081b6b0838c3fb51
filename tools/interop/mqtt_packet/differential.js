// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Agreement with an independent codec: feeds the same bytes to our decoder and to mqtt-packet, and
// sorts every disagreement by the statement that decides it.
//
//     node differential.js VERDICT GOLDEN_FOLDER
//
// VERDICT is the program //codec:verdict. The bytes are the golden packets, packets that
// mqtt-packet has encoded, and mutations of both; the seed is fixed. A disagreement that
// explained.json does not list fails, and so does an entry of it that nothing falls under.
'use strict'
const childProcess = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { Random, generated, mutated } = require('./packets.js')
const { fieldsOf } = require('./fields.js')

const folder = path.dirname(fs.realpathSync(__filename))
const mqttPacket = require(path.join(folder, '..', 'node_modules', 'mqtt-packet'))

const SEED = 20190307
const GENERATED_COUNT = 4000
const MUTATIONS_OF_A_GOLDEN_PACKET = 100
const MUTATIONS_OF_A_GENERATED_PACKET = 6
const SHOWN_PER_BUCKET = 3

// ---- the bytes

// The golden packets as {version, sender, bytes}; testdata/README.md has the format.
function goldenPackets (goldenFolder) {
  const out = []
  for (const name of fs.readdirSync(goldenFolder).sort()) {
    if (!name.endsWith('.md') || name === 'README.md') continue
    const text = fs.readFileSync(path.join(goldenFolder, name), 'utf8')
    for (const block of text.matchAll(/^```packet (.*)\n([^`]*)```$/gm)) {
      const attributes = Object.fromEntries(block[1].split(' ').map(word => word.split('=')))
      if (attributes.max_packet_size) continue // a limit that mqtt-packet does not have
      out.push({ version: attributes.version, sender: attributes.from, bytes: bytesOf(block[2]) })
    }
  }
  return out
}

// "10 'MQTT' # comment" → bytes
function bytesOf (text) {
  const parts = []
  for (const token of text.matchAll(/'([^']*)'|#.*|([0-9a-f]{2})/g)) {
    if (token[1] !== undefined) parts.push(Buffer.from(token[1]))
    else if (token[2] !== undefined) parts.push(Buffer.from(token[2], 'hex'))
  }
  return Buffer.concat(parts)
}

// Each packet seeds its own mutations, so that a new one changes nothing for the others.
function mutations (one, count) {
  const random = new Random(SEED + one.bytes.reduce((sum, byte) => (sum * 31 + byte) | 0, 0))
  return Array.from({ length: count }, () => mutated(random, one))
}

function allCases (goldenFolder) {
  const random = new Random(SEED)
  const golden = goldenPackets(goldenFolder)
  const own = Array.from({ length: GENERATED_COUNT }, () => generated(random, mqttPacket))
  const cases = golden.concat(own,
    golden.flatMap(one => mutations(one, MUTATIONS_OF_A_GOLDEN_PACKET)),
    own.flatMap(one => mutations(one, MUTATIONS_OF_A_GENERATED_PACKET)))
  return { cases, goldenCount: golden.length }
}

// ---- the two verdicts

function ourVerdicts (program, cases) {
  const lines = cases.map(one => `${one.version} ${one.sender} ${one.bytes.toString('hex')}`)
  const run = childProcess.spawnSync(program, {
    input: lines.join('\n') + '\n', maxBuffer: 1 << 30, encoding: 'utf8'
  })
  if (run.status !== 0) throw new Error(`${program} ended with ${run.status} ${run.signal}`)
  const verdicts = run.stdout.trim().split('\n').map(line => JSON.parse(line))
  if (verdicts.length !== cases.length) throw new Error('verdicts are missing')
  return verdicts
}

const LEVELS = { '3.1': 3, '3.1.1': 4, '5.0': 5, unknown: 4 }

// {packet, fields}, {error} or {more: true}
function theirVerdict (one) {
  const parser = mqttPacket.parser({ protocolVersion: LEVELS[one.version] })
  let first = null
  parser.on('packet', packet => { first = first || { packet } })
  parser.on('error', error => { first = first || { error: error.message } })
  try {
    parser.parse(one.bytes)
  } catch (error) {
    first = first || { error: `throws: ${error.message}` }
  }
  if (first === null) return { more: true }
  if (first.packet) first.fields = fieldsOf(first.packet)
  return first
}

// ---- where they differ

// The names of the fields in which two accepted packets differ.
function differingFields (ours, theirs) {
  const names = new Set([...Object.keys(ours.fields), ...Object.keys(theirs.fields)])
  const differ = [...names].filter(name =>
    JSON.stringify(ours.fields[name]) !== JSON.stringify(theirs.fields[name]))
  if (ours.packet.toLowerCase() !== theirs.packet.cmd) differ.push('packet')
  return differ
}

// What mqtt-packet says, without the packet it says it of.
function complaint (theirs) {
  if (theirs.error === undefined) return 'a packet'
  return theirs.error.replace(/, must be 0x\d for \w+ packet/, '')
}

// The bucket of a disagreement, or null where both agree. What mqtt-packet has encoded itself must
// be read alike: no explanation is on offer for that.
function bucketOf (one, ours, theirs) {
  const bucket = differenceOf(one, ours, theirs)
  return bucket !== null && one.pristine ? `unchanged packet of mqtt-packet ${bucket}` : bucket
}

function differenceOf (one, ours, theirs) {
  if (ours.error !== undefined) {
    if (theirs.error !== undefined) return null
    const what = theirs.more ? 'refused early' : 'refused'
    return `${what}: ${ours.statement || 'no statement'}: ${ours.error}`
  }
  if (ours.more !== undefined) {
    return theirs.more ? null : `incomplete: ${one.version}: ${complaint(theirs)}`
  }
  if (theirs.error !== undefined) {
    const what = theirs.error.includes('header flag') ? one.version : ours.packet
    return `accepted: ${what}: ${complaint(theirs)}`
  }
  if (theirs.more) return `accepted: ${ours.packet}: mqtt-packet wants more`
  const differ = differingFields(ours, theirs)
  return differ.length === 0 ? null : `fields: ${ours.packet}: ${differ.sort().join(', ')}`
}

function compare (program, cases) {
  const verdicts = ourVerdicts(program, cases)
  const buckets = new Map()
  const counts = { accepted: 0, refused: 0, incomplete: 0, disagreed: 0 }
  cases.forEach((one, index) => {
    const ours = verdicts[index]
    const theirs = theirVerdict(one)
    const bucket = bucketOf(one, ours, theirs)
    counts[ours.error ? 'refused' : ours.more ? 'incomplete' : 'accepted']++
    if (bucket === null) return
    counts.disagreed++
    if (!buckets.has(bucket)) buckets.set(bucket, [])
    buckets.get(bucket).push({ one, ours, theirs })
  })
  return { buckets, counts }
}

// ---- the report

function show (entry) {
  const { one, ours, theirs } = entry
  console.log(`    ${one.version} from ${one.sender}: ${one.bytes.toString('hex').slice(0, 160)}`)
  console.log(`      ours:   ${JSON.stringify(ours).slice(0, 300)}`)
  const said = theirs.error || JSON.stringify(theirs.fields || theirs)
  console.log(`      theirs: ${said.slice(0, 300)}`)
}

// Prints what is unexplained or explained in vain; the number of both.
function judge (buckets, explained) {
  let wrong = 0
  for (const [bucket, entries] of [...buckets].sort()) {
    if (explained.some(row => row.bucket === bucket)) continue
    wrong++
    console.log(`UNEXPLAINED ${entries.length} x ${bucket}`)
    entries.slice(0, SHOWN_PER_BUCKET).forEach(show)
  }
  for (const row of explained) {
    if (!buckets.has(row.bucket)) {
      wrong++
      console.log(`EXPLAINED IN VAIN ${row.bucket}`)
    } else if (!row.statement || !row.reason) {
      wrong++
      console.log(`NO STATEMENT OR REASON ${row.bucket}`)
    }
  }
  return wrong
}

function main () {
  const [program, goldenFolder] = process.argv.slice(2)
  const explained = JSON.parse(fs.readFileSync(path.join(folder, 'explained.json'), 'utf8'))
  const { cases, goldenCount } = allCases(goldenFolder)
  const { buckets, counts } = compare(path.resolve(program), cases)
  const wrong = judge(buckets, explained)
  console.log(`${cases.length} packets (${goldenCount} golden, seed ${SEED}): ` +
    `${counts.accepted} accepted, ${counts.refused} refused, ${counts.incomplete} incomplete; ` +
    `${counts.disagreed} disagreements in ${buckets.size} kinds, ${wrong} kinds unexplained`)
  process.exitCode = wrong === 0 ? 0 : 1
}

main()
