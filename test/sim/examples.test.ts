// The examples are tests, and `npm test` looks for tests in this folder.
import '../../examples/http-retry.test.ts'
