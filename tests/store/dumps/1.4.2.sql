-- The tables of OpenDMARC 1.4.2, with a few rows as its importer leaves them.
SET time_zone = '+00:00', sql_mode = '';
CREATE TABLE domains (
  id INT NOT NULL AUTO_INCREMENT,
  name VARCHAR(255) NOT NULL,
  firstseen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY (name)
) DEFAULT CHARSET=latin1;
CREATE TABLE selectors (
  id INT NOT NULL AUTO_INCREMENT,
  domain INT NOT NULL,
  name VARCHAR(255) NOT NULL,
  firstseen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  KEY (name),
  UNIQUE KEY (name, domain)
) DEFAULT CHARSET=latin1;
CREATE TABLE arcauthresults (
  id INT NOT NULL AUTO_INCREMENT,
  message INT UNSIGNED NOT NULL,
  instance INT UNSIGNED NOT NULL,
  arc_client_addr VARCHAR(64) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY (message),
  UNIQUE KEY (message, instance)
) DEFAULT CHARSET=latin1;
CREATE TABLE arcseals (
  id INT NOT NULL AUTO_INCREMENT,
  message INT UNSIGNED NOT NULL,
  domain INT UNSIGNED NOT NULL,
  selector INT UNSIGNED NOT NULL,
  instance INT UNSIGNED NOT NULL,
  firstseen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  KEY (message),
  UNIQUE KEY (message, domain, selector, instance)
) DEFAULT CHARSET=latin1;
-- This default can only be given where the time zone lies west of UTC.
SET time_zone = '-05:00';
CREATE TABLE requests (
  id INT NOT NULL AUTO_INCREMENT,
  domain INT NOT NULL,
  repuri VARCHAR(255) NOT NULL DEFAULT '',
  adkim TINYINT NOT NULL DEFAULT '0',
  aspf TINYINT NOT NULL DEFAULT '0',
  policy TINYINT NOT NULL DEFAULT '0',
  spolicy TINYINT NOT NULL DEFAULT '0',
  pct TINYINT NOT NULL DEFAULT '0',
  locked TINYINT NOT NULL DEFAULT '0',
  firstseen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  lastsent TIMESTAMP NOT NULL DEFAULT '1970-01-01 00:00:00',
  PRIMARY KEY (id),
  KEY (lastsent),
  UNIQUE KEY (domain)
) DEFAULT CHARSET=latin1;
SET time_zone = '+00:00';
CREATE TABLE reporters (
  id INT NOT NULL AUTO_INCREMENT,
  name VARCHAR(255) NOT NULL,
  firstseen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY (name)
) DEFAULT CHARSET=latin1;
CREATE TABLE ipaddr (
  id INT NOT NULL AUTO_INCREMENT,
  addr VARCHAR(64) NOT NULL,
  firstseen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY (addr)
) DEFAULT CHARSET=latin1;
CREATE TABLE messages (
  id INT NOT NULL AUTO_INCREMENT,
  date TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  jobid VARCHAR(128) NOT NULL,
  reporter INT UNSIGNED NOT NULL,
  policy TINYINT UNSIGNED NOT NULL,
  disp TINYINT UNSIGNED NOT NULL,
  ip INT UNSIGNED NOT NULL,
  env_domain INT UNSIGNED NOT NULL,
  from_domain INT UNSIGNED NOT NULL,
  policy_domain INT UNSIGNED NOT NULL,
  spf TINYINT NOT NULL,
  align_dkim TINYINT UNSIGNED NOT NULL,
  align_spf TINYINT UNSIGNED NOT NULL,
  sigcount TINYINT UNSIGNED NOT NULL,
  arc TINYINT UNSIGNED NOT NULL,
  arc_policy TINYINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY (date),
  UNIQUE KEY (reporter, date, jobid)
) DEFAULT CHARSET=latin1;
CREATE TABLE signatures (
  id INT NOT NULL AUTO_INCREMENT,
  message INT UNSIGNED NOT NULL,
  domain INT UNSIGNED NOT NULL,
  selector INT UNSIGNED NOT NULL,
  pass TINYINT UNSIGNED NOT NULL,
  error TINYINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY (message)
) DEFAULT CHARSET=latin1;
INSERT INTO domains (id, name) VALUES (1, 'a.example'), (2, ''), (3, 'B.example'),
  (4, 'mail.a.example'), (5, 'c.example');
INSERT INTO reporters (id, name) VALUES (1, 'mx1.example'), (2, 'mx2.example');
INSERT INTO ipaddr (id, addr) VALUES (1, '192.0.2.1'), (2, '2001:db8::25'), (3, '198.51.100.9');
INSERT INTO selectors (id, domain, name) VALUES (1, 1, 's1'), (2, 3, 'k2');
INSERT INTO requests (id, domain, repuri, adkim, aspf, policy, spolicy, pct, locked, lastsent) VALUES
  (1, 1, 'mailto:r@a.example', 114, 114, 114, 0, 100, 0, '2023-11-14 00:00:00'),
  (2, 3, '', 114, 115, 110, 113, 100, 0, DEFAULT),
  (3, 5, 'mailto:locked@c.example', 114, 114, 113, 0, 50, 1, DEFAULT);
INSERT INTO messages (id, date, jobid, reporter, policy, disp, ip, env_domain, from_domain, policy_domain, spf, align_dkim, align_spf, sigcount, arc, arc_policy) VALUES
  (1, '2023-11-14 22:13:20', '4ABC', 1, 15, 2, 1, 4, 1, 1, 0, 4, 4, 2, 7, 2),
  (2, '2023-11-14 22:13:20', '(unknown-jobid)', 2, 16, 0, 2, 2, 1, 1, 7, 5, 5, 0, 7, 2),
  (3, '2023-11-14 22:13:21', '4ABD', 1, 18, 2, 3, 3, 3, 3, 2, 5, 5, 1, 7, 2),
  (4, '2023-03-26 01:30:00', '4ABE', 1, 17, 4, 3, 5, 5, 5, -1, 5, 5, 0, 7, 2),
  (5, CURRENT_TIMESTAMP, '4ABF', 1, 15, 2, 1, 4, 1, 1, 0, 4, 4, 1, 7, 2);
INSERT INTO signatures (message, domain, selector, pass, error) VALUES
  (1, 1, 1, 0, 0), (1, 5, 0, 7, 0), (3, 3, 2, 4, 1), (5, 1, 1, 0, 0);
INSERT INTO arcauthresults (message, instance, arc_client_addr) VALUES (2, 1, '192.0.2.1');
INSERT INTO arcseals (message, domain, selector, instance) VALUES (2, 5, 1, 1);
