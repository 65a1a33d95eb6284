import { tryHistories } from './history.ts'

tryHistories(2, 1 / 3)
