import os from 'node:os'
import { parseArgs } from 'node:util'
import { type Counted, tripOf, trips } from '../__tests__/support/round-trips.ts'
import { bundleTable } from './bench/bundle.ts'
import { type Fleet, fleet, memoryOfCreating } from './bench/fleet.ts'
import { type Spread, type StartUp, startUp } from './bench/start.ts'

// Measures the numbers of docs/performance.md. It has no pass or fail: tests check the exact counts. `--memory` also measures the
// memory of creating clients; this takes ten minutes, because the run waits for the limits.

const latencies = [0, 50, 200]
const sizes = [1, 10, 100, 200]

type Row = { what: string; measured: string; budget: string; limit: string }

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, memory: { type: 'boolean' }, rounds: { type: 'string', default: '20' } },
})
const machine = { node: process.version, cores: os.availableParallelism(), platform: `${os.platform()} ${os.arch()}` }
const start = await startUp(Number(values.rounds))
const runs: { what: string; least: number; taken: (Counted & { latency: number })[] }[] = []
for (const trip of trips) {
  const taken: (Counted & { latency: number })[] = []
  for (const latency of latencies) taken.push({ latency, ...(await tripOf(trip, latency)) })
  runs.push({ what: trip.what, least: trip.least, taken })
}
const fleets: Fleet[] = []
for (const size of sizes) fleets.push(await fleet(size))
const memory: { clients: number; created: number }[] = []
for (const clients of values.memory ? [10, 200] : []) memory.push({ clients, created: await memoryOfCreating(clients) })

if (values.json) console.log(JSON.stringify({ machine, start, runs, fleets, memory }, undefined, 2))
else {
  console.log(
    `Node ${machine.node}, ${machine.cores} cores, ${machine.platform}; ${start.rounds} rounds of processes\n`,
  )
  console.log(table([...startRows(start), ...tripRows(), ...fleetRows(), ...memoryRows()]))
  console.log(`\n${bundleTable()}`)
}

function startRows({ bare, floor, action, floorOverTls, actionOverTls, inputError }: StartUp): Row[] {
  const times = (ratio: Spread) => `${shown(ratio, 2)} ×`
  const row = (what: string, measured: Spread, budget: string, limit?: Spread): Row => ({
    what,
    measured: times(measured),
    budget: `≤ ${budget} ×`,
    limit: limit === undefined ? '1 ×' : `${limit.median.toFixed(2)} × (one request by Node's own client)`,
  })
  return [
    { what: '`node -e 0`', measured: `${shown(bare, 0)} ms`, budget: '', limit: '1 ×' },
    row('start to an input error', inputError, '2.1'),
    row('start to the first request', action.first, '2.5', floor.first),
    row('start to the first request, over TLS', actionOverTls.first, '3.2', floorOverTls.first),
    row('a whole run with nothing to do', action.whole, '3.6', floor.whole),
    row('a whole run with nothing to do, over TLS', actionOverTls.whole, '5.0', floorOverTls.whole),
  ]
}

function tripRows(): Row[] {
  return runs.map(({ what, least, taken }) => {
    const { roundTrips, requests } = taken[0]!
    const times = taken.map(({ latency, milliseconds }) => `${milliseconds} ms at ${latency}`).slice(1)
    const { costs } = trips.find((trip) => trip.what === what)!
    return {
      what,
      measured: `${roundTrips} round trips, ${requests} requests (${times.join(', ')})`,
      budget: `${costs.roundTrips}, ${costs.requests}`,
      limit: `${least}`,
    }
  })
}

function fleetRows(): Row[] {
  const memoryOfTen = fleets.find(({ clients }) => clients === 10)!.memory
  return fleets.flatMap(({ clients, created, unchanged, memory }) => [
    {
      what: `${clients} created`,
      measured: `${created.requests} requests in ${created.seconds.toFixed(0)} s, ${created.refused} refused${created.rate === undefined ? '' : `, ${created.rate.toFixed(0)} writes a minute`}`,
      budget: created.rate === undefined ? '' : '≥ 90 a minute',
      limit: '100 a minute',
    },
    {
      what: `${clients} with nothing to do`,
      measured: `${unchanged.tenant} requests to the tenant, ${unchanged.github} to GitHub`,
      budget: `${Math.ceil(clients / 100)}, ${2 * clients}`,
      limit: 'the same',
    },
    {
      what: `${clients} with nothing to do: memory`,
      measured: `${memory.toFixed(0)} MiB, ${(memory / memoryOfTen).toFixed(2)} × the memory of 10`,
      budget: '',
      limit: '1 ×',
    },
  ])
}

function memoryRows(): Row[] {
  return memory.map(({ clients, created }) => ({
    what: `${clients} created: memory`,
    measured: `${created.toFixed(0)} MiB, ${(created / memory[0]!.created).toFixed(2)} × that of ${memory[0]!.clients}`,
    budget: '≤ 1.3 ×',
    limit: '1 ×',
  }))
}

/** `3.01 (2.80–3.40)` */
function shown({ median, least, most }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`
}

function table(rows: Row[]): string {
  const all = [{ what: 'what', measured: 'measured', budget: 'budget', limit: 'the limit for comparison' }, ...rows]
  const keys = ['what', 'measured', 'budget', 'limit'] as const
  const widths = keys.map((key) => Math.max(...all.map((row) => row[key].length)))
  const line = (row: Row) => `| ${keys.map((key, index) => row[key].padEnd(widths[index]!)).join(' | ')} |`
  const [head, ...body] = all.map(line)
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n')
}
