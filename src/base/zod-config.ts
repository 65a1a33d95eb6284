import { config } from 'zod/mini'

// By default zod compiles schemas to code at run time. That is slower for schemas that are used once or twice, and this program
// must not turn text into code.
config({ jitless: true })
