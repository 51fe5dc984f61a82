"""Authorities and certificates for tests, made by the openssl command."""
import subprocess


class Authority:
    """A certificate authority of its own, in a folder."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name, self.serial = folder, name, 0
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", f"/CN={name}", "-keyout", "ca.key", "-out", "ca.pem",
                      "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def certificate(self, names, begin=None, end=None):
        """Files of a certificate for `names` (`DNS:…`, `IP:…`) and of its key. Times as 20200101000000Z, both or none."""
        self.serial += 1
        stem = f"server{self.serial}"
        (self.folder / f"{stem}.ext").write_text(f"subjectAltName={','.join(names)}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN=server {self.serial}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr")
        if begin:
            # Only `openssl ca` takes times of the past.
            (self.folder / "ca.cnf").write_text("[ca]\ndefault_ca=own\n[own]\nnew_certs_dir=.\ndatabase=index.txt\nserial=serial\ndefault_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n")
            (self.folder / "index.txt").write_text("")
            (self.folder / "serial").write_text(f"{self.serial:04x}\n")
            self._openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", begin, "-enddate", end, "-in", f"{stem}.csr", "-out", f"{stem}.pem", "-extfile", f"{stem}.ext", "-notext")
        else:
            self._openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", str(self.serial), "-days", "20", "-out", f"{stem}.pem", "-extfile", f"{stem}.ext")
        return self.folder / f"{stem}.pem", self.folder / f"{stem}.key"

    def self_signed(self, names):
        """The same, signed by nobody else."""
        self.serial += 1
        stem = f"server{self.serial}"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "20", "-subj", f"/CN=server {self.serial}", "-keyout", f"{stem}.key", "-out", f"{stem}.pem",
                      "-addext", f"subjectAltName={','.join(names)}")
        return self.folder / f"{stem}.pem", self.folder / f"{stem}.key"

    def rehashed(self, folder):
        """A folder with this authority's certificate, as `openssl rehash` names it."""
        folder.mkdir()
        value = self._openssl("x509", "-in", "ca.pem", "-noout", "-hash").stdout.strip()
        (folder / f"{value}.0").write_text(self.file.read_text())
        return folder

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done
