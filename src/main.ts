// Must come before any schema is built.
import './base/zod-config.ts'
import { createTransport } from './io/http/transport.ts'
import { createClock } from './io/runner/clock.ts'
import { createRunner } from './io/runner/runner.ts'
import { createStopSignals } from './io/runner/stop-signals.ts'
import { program } from './run/program.ts'

// Node may write a crash report: without the environment, because it has the inputs.
process.report.excludeEnv = true

// Composes the program with the real services. Nothing here keeps the process alive: it ends when no work is left.
await program({
  env: process.env,
  connect: createTransport,
  clock: createClock(),
  wallClock: Date.now,
  stop: createStopSignals(),
  runner: createRunner(process.env),
  process: async () => (await import('node:crypto')).randomUUID().slice(0, 8),
})
