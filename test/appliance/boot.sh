#!/bin/sh
# Boots systemd in the Debian tree $1 with the overlay and software of the checkout $2 and the Node binary $3, as process 1 of new namespaces.
# What it writes (in $4, a folder that is a memory file system afterwards) is gone with it. Started by start-appliance.ts.
set -eu
umask 022
tree=$1 checkout=$2 node=$3 scratch=$4
root=$scratch/root

mount --make-rprivate /
mount -t tmpfs -o mode=0755,size=1g tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$root"
mount -t overlay -o "lowerdir=$tree,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$root"

# The software, as the image has it: root's, readable by all, written by nobody.
cp -r --no-preserve=ownership "$checkout/rootfs/etc" "$checkout/rootfs/usr" "$root/"
weir=$root/usr/lib/weir
mkdir -p "$weir/bin" "$weir/node_modules"
cp -r --no-preserve=ownership "$checkout/firmware" "$checkout/drivers" "$checkout/package.json" "$weir/"
chmod -R u=rwX,go=rX "$weir" "$root/usr/bin/weir" "$root/usr/share/weir"
chmod 0755 "$root/usr/bin/weir"
touch "$weir/bin/node"
mount --bind "$node" "$weir/bin/node"
mount -o remount,bind,ro "$weir/bin/node"
mount --bind "$checkout/node_modules" "$weir/node_modules"
mount -o remount,bind,ro "$weir/node_modules"
[ ! -d "$scratch.more" ] || cp -r --no-preserve=ownership "$scratch.more/." "$root/"

# No udev and no networkd: the cables are the test's. No chrony: the clock is the machine's that tests.
for unit in systemd-udevd.service systemd-networkd.service systemd-resolved.service systemd-timesyncd.service chrony.service systemd-udev-trigger.service systemd-journald-audit.socket getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# What the image's making does once. Templates have no instance of their own.
chroot "$root" systemd-sysusers
chroot "$root" sh -c 'cd /usr/lib/systemd/system && systemctl --quiet enable weir.target weir-*[!@].service weir-*[!@].socket weir-*[!@].path nftables.service'
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
[ ! -f "$scratch.more/etc/resolv.conf" ] || cp "$scratch.more/etc/resolv.conf" "$root/etc/resolv.conf"

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
# Settings of the kernel belong to the machine that tests, but for the network's, which are this namespace's own.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,ro "$root/proc/sys"
mount -o remount,bind,rw "$root/proc/sys/net"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs "$root/run"
mount -t tmpfs -o nosuid,nodev,mode=1777,size=256m tmpfs "$root/tmp"
mount -t tmpfs -o nosuid,mode=0755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
	touch "$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o nosuid,nodev,mode=1777,size=64m tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
touch "$root/dev/console" "$root/dev/tty1"
mount --bind /dev/null "$root/dev/console"

hostname appliance
ip link set lo up
cd "$root"
mkdir -p old
pivot_root . old
# The clock, the hardware and the modules are the machine's that tests.
exec /usr/bin/env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c '
umount -l /old && rmdir /old
exec /usr/bin/setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-mknod,-wake_alarm,-block_suspend -- /lib/systemd/systemd --system --unit=multi-user.target --log-target=console --log-level=info --show-status=0 >/dev/null 2>&1'
