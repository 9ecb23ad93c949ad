"""Start a real etcd and real workers, break them, and judge whether membership and ring ownership stayed right."""
