# Sends Ethernet frames that no ordinary socket sends: false MACs, false addresses, ARP claims. Only in a namespace of a test.
import random
import socket
import struct
import sys
import time


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(header):
    total = sum(struct.unpack("!%dH" % (len(header) // 2), header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def arp(source, claimed, asked):
    """Who has `asked`? Tell `claimed`, who is at `source`."""
    head = b"\xff" * 6 + source + b"\x08\x06"
    return head + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + source + claimed + b"\0" * 6 + asked


def udp(source, target, sender, own_port, receiver, port):
    payload = b"<ProbeMatches/>"
    packet = struct.pack("!HHHH", own_port, port, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(packet), 0, 0, 64, 17, 0, sender, receiver)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return target + source + b"\x08\x00" + header + packet


def chance(count):
    return random.randbytes(count)


def frame(kind, words):
    if kind == "arp":
        source, claimed, asked = words
        return arp(mac(source), socket.inet_aton(claimed), socket.inet_aton(asked))
    if kind == "udp":
        source, target, sender, own_port, receiver, port = words
        return udp(mac(source), mac(target), socket.inet_aton(sender), int(own_port), socket.inet_aton(receiver), int(port))
    if kind == "random-arp":
        return arp(b"\x02" + chance(5), b"\xc0\xa8\x0a" + chance(1), socket.inet_aton("192.168.10.1"))
    if kind == "random-udp":
        target, receiver = words
        return udp(b"\x02" + chance(5), mac(target), b"\x64" + chance(3), 4000, socket.inet_aton(receiver), 162)
    raise SystemExit("no such frame: " + kind)


device, count, pause, kind = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((device, 0))
for _ in range(count):
    wire.send(frame(kind, sys.argv[5:]))
    if pause > 0:
        time.sleep(pause)
