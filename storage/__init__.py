"""Object storage: photos under random names, in a folder of this server or in a bucket."""
