# Stands in for systemd: hands a connected datagram socket to a program under the name "notify" and prints what it is told, and by whom.
# Usage: fake-systemd.py WATCHDOG_USEC PROGRAM ARGUMENT...
import os, socket, struct, sys, tempfile

folder = tempfile.mkdtemp(prefix="weir-")
path = os.path.join(folder, "notify")
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
receiver.bind(path)
child = os.fork()
if child == 0:
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.connect(path)
    os.dup2(sender.fileno(), 3)
    os.set_inheritable(3, True)
    pid = str(os.getpid())
    os.environ.update(LISTEN_PID=pid, LISTEN_FDS="1", LISTEN_FDNAMES="notify", WATCHDOG_USEC=sys.argv[1], WATCHDOG_PID=pid)
    os.execv(sys.argv[2], sys.argv[2:])
print("zone", child, flush=True)
receiver.settimeout(0.2)
while True:
    try:
        words, ancillary, _, _ = receiver.recvmsg(4096, socket.CMSG_SPACE(12))
        pid = struct.unpack("iii", ancillary[0][2])[0]
        print("told by", "the zone:" if pid == child else "another:", words.decode().replace("\n", " "), flush=True)
    except TimeoutError:
        pass
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        os.unlink(path)
        os.rmdir(folder)
        print("ended with", os.waitstatus_to_exitcode(status), flush=True)
        sys.exit(0)
