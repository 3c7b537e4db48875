"""The commands of the server side, one file each."""
