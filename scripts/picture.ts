// Draws docs/summary.svg: the job summary of a run against the sandbox. With `--check` it writes nothing, and fails if the
// picture differs from today's summary.
import { readFileSync, writeFileSync } from 'node:fs'
import { summaryForPicture } from './picture/scene.ts'
import { pictureOf } from './picture/svg.ts'

const file = new URL('../docs/summary.svg', import.meta.url)
const picture = pictureOf(await summaryForPicture())

if (!process.argv.includes('--check')) {
  writeFileSync(file, picture)
  console.log('docs/summary.svg: drawn')
} else if (readFileSync(file, 'utf8') === picture) console.log('docs/summary.svg is the picture of a job summary')
else {
  console.error('docs/summary.svg differs from today’s job summary. Run "npm run picture" and commit it.')
  process.exitCode = 1
}
