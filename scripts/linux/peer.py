"""Both ends of connections of the kernel's own, each with a congestion control of its own.

Reads one line of JSON, [{port, control, start, warmUp, measure}], times in s, and connects to HOST for each; behind its
warm-up and at the end of the measurement it reads how much the receiver has got. Writes one line of JSON at the end.
"""
import json, socket, sys, threading, time

HOST = sys.argv[1]
CHUNK = bytes(1 << 18)


def listen(port):
    listener = socket.create_server(("", port))
    return listener


def receive(listener, count):
    connection, _ = listener.accept()
    buffer = bytearray(1 << 20)
    while True:
        got = connection.recv_into(buffer)
        if got == 0:
            return
        count[0] += got


def send(task):
    sender = socket.socket()
    sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, task["control"].encode())
    try:
        sender.connect((HOST, task["port"]))
        while True:
            sender.sendall(CHUNK)
    except OSError as error:
        task["error"] = str(error)


def thread(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()


def measure(task, begin):
    count = [0]
    thread(receive, listen(task["port"]), count)
    time.sleep(max(0, begin + task["start"] - time.monotonic()))
    thread(send, task)
    time.sleep(max(0, task["warmUp"]))
    before, since = count[0], time.monotonic()
    time.sleep(task["measure"])
    task["octets"], task["took"] = count[0] - before, time.monotonic() - since


tasks = json.loads(sys.stdin.readline())
begin = time.monotonic() + 0.1
threads = [threading.Thread(target=measure, args=(task, begin)) for task in tasks]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(json.dumps(tasks))
