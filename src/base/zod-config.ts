import { config } from 'zod/mini'

// zod would make code of text, for schemas that are used once or twice: it is slower so, and nobody should find that here.
config({ jitless: true })
