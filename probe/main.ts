/**
 * Answers questions that the public documentation of Qlik Cloud leaves open, on a real tenant with clients of its own, which it
 * removes again. See docs/probe.md. The report goes to standard output, everything else to standard error.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { createTransport } from '../src/io/http/transport.ts'
import { collectProblems, inputInvalid } from '../src/io/inputs/problems.ts'
import { readProxies } from '../src/io/inputs/proxy-variables.ts'
import type { Clock, Stop } from '../src/ports.ts'
import { confirmed, type Given, readGiven } from './ask.ts'
import type { Bench } from './bench.ts'
import { report } from './report.ts'
import { probe } from './run.ts'

const usage = `npm run probe [-- --yes]

Asks a Qlik Cloud tenant what its documentation leaves open; docs/probe.md tells more. Environment:
  QLIK_TENANT                                         the tenant's address
  QLIK_API_KEY                                        an API key of a tenant administrator, or
  QLIK_ADMIN_CLIENT_ID and QLIK_ADMIN_CLIENT_SECRET   a client that may manage others
What is not set is asked for. --yes starts without asking.`

const say = (line: string) => void process.stderr.write(`${line}\n`)

const clock: Clock = {
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) => after(milliseconds, undefined, { signal }).catch(() => {}),
}

async function main(args: string[]): Promise<number> {
  const strange = args.filter((arg) => arg !== '--yes')
  if (strange.length > 0) {
    // Not quoted: it could be a key.
    say(strange.some((arg) => arg === '--help' || arg === '-h') ? usage : `An argument is not known.\n\n${usage}`)
    return strange.every((arg) => arg === '--help' || arg === '-h') ? 0 : 2
  }
  const given = await readGiven(process.env)
  if (!args.includes('--yes') && !(await agreed(given.origin))) {
    say('Nothing was sent.')
    return 0
  }
  return ask(given)
}

function agreed(origin: string): Promise<boolean> {
  say(`
This probe works on the tenant ${origin} for about five minutes:
- It creates about seven OAuth clients named “qlik-oauth-client probe <random>”, three at a time at most, and removes them
  again. One of them gets the scope admin_classic and trusted consent; its secrets stay in the memory of this process.
- It creates one shared space of that name, and deletes it right after.
- It signs in as that client. Qlik Cloud then keeps a bot user, which outlives the client and can't be removed this way (a
  second one where the tenant is reached by an alias). On user-based subscriptions with dynamic assignment, a bot user may take
  a licence.
- It reads the list of clients, and changes no client but its own.
`)
  return confirmed('Start? [y/N] ')
}

async function ask({ origin, signIn }: Given): Promise<number> {
  const problems = collectProblems()
  const { transport, close } = createTransport(readProxies(process.env, problems, () => {}))
  if (problems.list.length > 0) throw inputInvalid(problems.list)
  let bench: Bench | undefined
  const stop = stopOnSignal(() => bench?.left() ?? [])
  const run = randomBytes(6).toString('hex')
  const result = await probe({ origin, signIn, transport, clock, stop, run, say }, (it) => {
    bench = it
  })
  const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8'))
  const about = {
    version,
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    signedInBy: signIn.kind,
  }
  say('')
  process.stdout.write(report(result, about))
  say(farewell(result.left))
  await close()
  return result.stopped ? 130 : result.left.length > 0 || result.answers.length < 2 ? 1 : 0
}

function farewell(left: string[]): string {
  if (left.length === 0) return '\nAll clients of this probe are removed.'
  return `\nNOT REMOVED; please delete by hand in the administration of the tenant:\n${left.map((it) => `- ${it}`).join('\n')}`
}

/**
 * The first signal ends the questions, and the clean-up continues; a later one ends everything and names the remaining clients.
 */
function stopOnSignal(left: () => string[]): Stop {
  const listeners = new Set<() => void>()
  let since: number | undefined
  const onSignal = () => {
    // A terminal sends Ctrl-C to npm, to its child and to us, and each of them passes it on.
    if (since !== undefined && performance.now() - since < 1500) return
    if (since !== undefined) {
      say(farewell(left()))
      process.exit(130)
    }
    since = performance.now()
    say('Stopping: the created clients are removed. Press Ctrl-C again to leave them there.')
    for (const listener of listeners) listener()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  return {
    get requested() {
      return since !== undefined
    },
    onStop: (listener) => {
      if (since !== undefined) listener()
      else listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

// A closed terminal must not end the clean-up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  // Only the message: other properties of an error could contain a key.
  say(error instanceof Error ? error.message : 'It failed.')
  process.exitCode = 1
}
