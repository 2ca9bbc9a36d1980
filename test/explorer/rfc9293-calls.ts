/** RFC 9293 §3.10.4, §3.10.5 and §3.10.8: what a user call or the clock may do, and send. */
import { resetOf, written as _unused } from './rfc9293.ts'
