// Before any schema is made.
import './base/zod-config.ts'
import { createTransport } from './io/http/transport.ts'
import { createClock, createRunner, createStop } from './io/runner/runner.ts'
import { program } from './run/program.ts'

// Node writes a report of a crash, where somebody asked for that: not with the inputs, which are in the environment.
process.report.excludeEnv = true

// Composition with what is real. The process ends when nothing is left to do: nothing here keeps it alive.
await program({
  env: process.env,
  connect: createTransport,
  clock: createClock(),
  wallClock: Date.now,
  stop: createStop(),
  runner: createRunner(process.env),
  process: async () => (await import('node:crypto')).randomUUID().slice(0, 8),
})
