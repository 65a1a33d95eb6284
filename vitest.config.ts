import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes minutes begins first: begun last, it would keep one worker busy when all others are done. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => /\/promises\/(histories|sweep|keys)/.test(moduleId)
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    include: ['__tests__/**/*.test.ts'],
    testTimeout: 120_000,
    // One less by default: on two cores that is one.
    maxWorkers: '100%',
    // Files share the modules of their worker: no test replaces a module, and loading them anew took a third of the time.
    isolate: false,
    globalSetup: ['__tests__/support/temporary-folder.ts'],
    setupFiles: process.env.SEED === undefined ? [] : ['__tests__/support/seed.ts'],
    sequence: { sequencer: LongestFirst },
  },
})
