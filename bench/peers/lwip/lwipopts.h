/* lwIP for many octets and connections instead of little memory. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/* One thread, the raw API. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_UDP 0
#define LWIP_RAW 0
#define LWIP_DNS 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_STATS 0
#define LWIP_NOASSERT 1

/* The kernel at the other end of the device has made the checksums: they need no look. */
#define CHECKSUM_CHECK_IP 0
#define CHECKSUM_CHECK_TCP 0
#define CHECKSUM_CHECK_ICMP 0
#define LWIP_CHKSUM fast_checksum

#define TCP_MSS 1460
#define TCP_WND (1024 * 1024)
#define TCP_SND_BUF (1024 * 1024)
#define TCP_SNDLOWAT 32768
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 5
#define LWIP_TCP_SACK_OUT 1
#define TCP_LISTEN_BACKLOG 1

/* A connection in TIME-WAIT keeps its place here until none is free for a new one. lwIP looks through all for each SYN, so
   that fewer of them are faster. */
#define MEMP_NUM_TCP_PCB 512
#define MEMP_NUM_TCP_PCB_LISTEN 8
#define MEMP_NUM_TCP_SEG 16384
#define MEMP_NUM_PBUF 32768
#define PBUF_POOL_SIZE 4096
#define PBUF_POOL_BUFSIZE 1536
#define MEM_LIBC_MALLOC 1
#define MEM_ALIGNMENT 8

#endif
