import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['__tests__/**/*.test.ts'],
    testTimeout: 30_000,
    setupFiles: process.env.SEED === undefined ? [] : ['__tests__/support/seed.ts'],
  },
})
